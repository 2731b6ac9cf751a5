//! `cargo x test`: gets what the tests need, runs all of them on one PostgreSQL, and counts.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::npm::{self, shown};
use crate::outcome::Outcome;
use crate::shell::{cargo, root, run, say, target, tee};
use crate::{browser, frontend, postgres, python, test_cluster};

/// What the suites are told about this run, as environment variables.
struct Setting {
    variables: Vec<(&'static str, PathBuf)>,
}

impl Setting {
    fn apply(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
    }
}

/// A group of tests with a runner of its own.
#[derive(Debug)]
enum Suite {
    Rust(Vec<String>),
    Node { dir: PathBuf, browser: bool },
    Python(PathBuf),
}

impl Suite {
    fn is_rust(&self) -> bool {
        matches!(self, Self::Rust(_))
    }

    fn name(&self) -> String {
        match self {
            Self::Rust(_) => "cargo test".to_owned(),
            Self::Node { dir, .. } | Self::Python(dir) => shown(dir),
        }
    }
}

/// Runs everything, or what has `filter` in its name. The last line says how many tests passed and
/// failed, also where the tests could not be started.
pub(crate) fn test(filter: Option<&str>) -> Result<ExitCode> {
    let results = run_suites(filter).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        vec![Tested {
            name: "getting ready".to_owned(),
            outcome: Outcome::broken(format!("{error:#}")),
            seconds: 0,
        }]
    });
    Ok(summarize(&results))
}

/// A suite's result.
struct Tested {
    name: String,
    outcome: Outcome,
    seconds: u64,
}

fn run_suites(filter: Option<&str>) -> Result<Vec<Tested>> {
    let suites = suites(filter)?;
    let bin = postgres::ensure()?;
    if !suites.iter().all(Suite::is_rust) {
        // These start the binary, and the page is part of it.
        frontend::build()?;
    }
    say("building (the first time takes some minutes)");
    run(&mut build(&suites))?;

    let cluster = test_cluster::start(bin.as_deref())?;
    let mut setting = Setting {
        variables: vec![
            ("HEARTH_TEST_DATABASE_URL", PathBuf::from(&cluster.url)),
            ("HEARTH_BIN", target().join("debug/hearth")),
        ],
    };
    setting
        .variables
        .extend(bin.map(|bin| ("HEARTH_PG_BIN", bin)));

    let mut results = Vec::new();
    for suite in suites {
        let name = suite.name();
        say(format!("testing {name}"));
        let started = Instant::now();
        let outcome = run_suite(&suite, &setting).unwrap_or_else(|error| {
            eprintln!("error: {name}: {error:#}");
            Outcome::broken(format!("{error:#}"))
        });
        let seconds = started.elapsed().as_secs();
        results.push(Tested {
            name,
            outcome,
            seconds,
        });
    }
    drop(cluster);
    Ok(results)
}

/// What has to be built before the suites start, in the way that they will ask for it again: Cargo
/// compiles a library anew for each set of features that a command joins together.
fn build(suites: &[Suite]) -> Command {
    let everything = |suite: &Suite| matches!(suite, Suite::Rust(args) if args.len() == 1);
    let mut command = cargo();
    if suites.iter().any(everything) {
        // With the programs of every package that has integration tests.
        command.args(["test", "--workspace", "--no-run"]);
    } else if suites.iter().all(Suite::is_rust) {
        command.args(["build", "--bins", "--package", "hearth-testkit"]);
    } else {
        command.args(["build", "--bins", "--workspace"]);
    }
    command
}

fn summarize(results: &[Tested]) -> ExitCode {
    println!();
    for Tested {
        name,
        outcome,
        seconds,
    } in results
    {
        let Outcome {
            passed,
            failed,
            note,
        } = outcome;
        let note = note
            .as_deref()
            .map(|note| format!("  ({note})"))
            .unwrap_or_default();
        println!("{passed:6} passed {failed:4} failed {seconds:5} s  {name}{note}");
    }
    let passed: u64 = results.iter().map(|tested| tested.outcome.passed).sum();
    let failed: u64 = results.iter().map(|tested| tested.outcome.failed).sum();
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_suite(suite: &Suite, setting: &Setting) -> Result<Outcome> {
    let mut command = match suite {
        Suite::Rust(arguments) => {
            let mut command = cargo();
            command.args(["test", "--no-fail-fast"]).args(arguments);
            command
        }
        Suite::Node { dir, browser } => {
            npm::install(dir)?;
            let mut command = npm::npm(dir)?;
            command.arg("test");
            if *browser {
                let browser = browser::ensure()?;
                command.env("PUPPETEER_EXECUTABLE_PATH", &browser);
                command.env("HEARTH_CHROMIUM", browser);
            }
            command
        }
        Suite::Python(dir) => {
            let mut command = Command::new(python::environment(dir)?);
            command.current_dir(dir).args(["-m", "pytest", "--quiet"]);
            command
        }
    };
    setting.apply(&mut command);
    let (output, ended_well) = tee(&mut command)?;
    Ok(Outcome::read(&output, ended_well))
}

/// All suites of the tree that have `filter` in their name. What is no suite's name and no
/// crate's is taken for part of the name of a Rust test.
fn suites(filter: Option<&str>) -> Result<Vec<Suite>> {
    let mut suites = Vec::new();
    for dir in folders()? {
        if let Some(browser) = node_suite(&dir)? {
            suites.push(Suite::Node { dir, browser });
        } else if dir.join("requirements.txt").is_file() {
            suites.push(Suite::Python(dir));
        }
    }
    let workspace = "--workspace".to_owned();
    let Some(filter) = filter else {
        suites.insert(0, Suite::Rust(vec![workspace]));
        return Ok(suites);
    };
    suites.retain(|suite| suite.name().contains(filter));
    if root().join("crates").join(filter).is_dir() {
        let package = if filter == "hearth" {
            filter.to_owned()
        } else {
            format!("hearth-{filter}")
        };
        suites.insert(0, Suite::Rust(vec!["--package".to_owned(), package]));
    } else if suites.is_empty() {
        suites.push(Suite::Rust(vec![workspace, filter.to_owned()]));
    }
    Ok(suites)
}

/// Where suites may lie: the console, `conformance/*`, `examples/*/*`.
fn folders() -> Result<Vec<PathBuf>> {
    let mut folders = vec![root().join("console")];
    folders.extend(children(&root().join("conformance"))?);
    for example in children(&root().join("examples"))? {
        folders.extend(children(&example)?);
    }
    Ok(folders)
}

fn children(dir: &Path) -> Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != "node_modules" {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `None` where the folder has no `npm test`; else whether its tests drive a browser.
fn node_suite(dir: &Path) -> Result<Option<bool>> {
    let file = dir.join("package.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return Ok(None);
    };
    let package: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?;
    if package.pointer("/scripts/test").is_none() {
        return Ok(None);
    }
    let names = ["dependencies", "devDependencies"]
        .into_iter()
        .filter_map(|kind| package.get(kind)?.as_object())
        .flat_map(|packages| packages.keys());
    let mut drivers =
        names.filter(|name| name.contains("puppeteer") || name.contains("playwright"));
    Ok(Some(drivers.next().is_some()))
}
