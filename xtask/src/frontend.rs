//! The pages that are embedded into the binary, built when their sources have changed.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::npm::{self, Stamp, shown};
use crate::shell::{root, run, say};

const FOLDERS: [&str; 2] = ["console", "examples/chatroom/web"];

/// Builds what is out of date.
pub(crate) fn build() -> Result<()> {
    for folder in FOLDERS {
        let dir = root().join(folder);
        if !dir.join("package.json").is_file() {
            continue;
        }
        let mut sources = Vec::new();
        collect(&dir, &mut sources)?;
        sources.sort();
        let stamp = Stamp::new("page", &dir, &sources)?;
        if stamp.is_current() && dir.join("dist/index.html").is_file() {
            continue;
        }
        npm::install(&dir)?;
        say(format!("building the page {}", shown(&dir)));
        run(npm::npm(&dir)?.args(["run", "--silent", "build"]))?;
        stamp.set()?;
    }
    Ok(())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" || name == "test" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
