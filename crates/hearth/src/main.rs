//! `hearth`: the server and its commands. This crate only composes the others: read
//! `compose.rs` first.

mod cli;
mod compose;
mod database;
mod demo;
mod lifecycle;
mod root;
mod runtime_file;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A request makes and drops some two hundred small values: this costs a sixth of the instructions
/// less than the C library's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command = cli::Cli::parse();
    // Two providers are linked in; without a choice TLS to an external PostgreSQL could not start.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // An unoptimised build keeps every service's state on the stack: an upload needs more than
        // the usual 2 MB. What is not used costs address space only.
        .thread_stack_size(8 << 20)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&anyhow::anyhow!("cannot start threads: {error}")),
    };
    match runtime.block_on(cli::run(command)) {
        Ok(code) => code,
        Err(error) => cli::fail(&error),
    }
}
