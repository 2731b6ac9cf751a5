//! `cargo x`: what is done to this repository, as typed commands. The Makefile is its front door.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who typed it"
)]

mod bench;
mod browser;
mod check;
mod frontend;
mod npm;
mod outcome;
mod postgres;
mod python;
mod run;
mod shell;
mod system;
mod test;
mod test_cluster;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo x", about = "Everything that is done to this repository")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and start Hearth with the chat-room demo.
    Run {
        /// Go to `hearth serve`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Get what the tests need and run all of them, or those with FILTER in their name.
    Test {
        /// A crate, a suite, or part of a test's name.
        filter: Option<String>,
    },
    /// Formatting, clippy without warnings, tidy: the gate before a merge.
    Check,
    /// What the compiler does not know: who may import whom, sizes, paths.
    Tidy,
    /// Measure, each figure beside its limit.
    Bench {
        /// Go to the benchmarks.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Task::Run { args } => run::run(&args),
        Task::Test { filter } => test::test(filter.as_deref()),
        Task::Check => check::check(),
        Task::Tidy => tidy::tidy(),
        Task::Bench { args } => bench::bench(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
