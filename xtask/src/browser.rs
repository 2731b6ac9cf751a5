//! A Chromium for the tests of the pages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{root, run, say, succeeds, which};
use crate::{npm, system};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The browser: the one named in `HEARTH_CHROMIUM`, the system's, one from the system's packages,
/// or the one that Playwright distributes.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HEARTH_CHROMIUM") {
        return Ok(PathBuf::from(named));
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    let refused = system::install(&["chromium"], "the browser tests").err();
    if let Some(found) = find() {
        return Ok(found);
    }
    // Ubuntu's package is only a pointer to a snap, which containers cannot run.
    say("no working Chromium among the system's packages; asking Playwright for one");
    let dir = root().join("target");
    let fetched = npm::npm(&dir).and_then(|mut npm| {
        run(npm.env_remove("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD").args([
            "exec",
            "--yes",
            "playwright",
            "install",
            "--with-deps",
            "chromium",
        ]))
    });
    match (fetched, find(), refused) {
        (_, Some(found), _) => Ok(found),
        (_, None, Some(refused)) => Err(refused),
        (Err(error), None, None) => Err(error),
        (Ok(()), None, None) => bail!(
            "no Chromium that runs; install `chromium` or `google-chrome`, or name one in \
             HEARTH_CHROMIUM"
        ),
    }
}

fn find() -> Option<PathBuf> {
    let installed = NAMES.iter().filter_map(|name| which(name));
    installed.chain(playwright()).find(|browser| {
        // Ubuntu's pointer to a snap is there, but does not run.
        succeeds(Command::new(browser).arg("--version"))
    })
}

fn playwright() -> Vec<PathBuf> {
    let Some(home) = std::env::var_os("HOME") else {
        return Vec::new();
    };
    let cache = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    let browsers = PathBuf::from(home).join(cache).join("ms-playwright");
    let Ok(entries) = std::fs::read_dir(browsers) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("chromium-"))
        .flat_map(|entry| {
            ["chrome-linux/chrome", "chrome-linux64/chrome"].map(|path| entry.path().join(path))
        })
        .filter(|path| path.is_file())
        .collect()
}
