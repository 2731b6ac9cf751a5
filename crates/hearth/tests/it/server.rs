//! A `hearth serve` of a test's own, in a directory of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const HEARTH: &str = env!("CARGO_BIN_EXE_hearth");

/// A running server. Stopped in order when dropped.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) dir: PathBuf,
    extra: Vec<String>,
    log: Arc<Mutex<String>>,
}

/// A directory that goes with the test. World-traversable: PostgreSQL runs as another user where
/// the tests run as root.
pub(crate) fn temp_dir() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("hearth-it-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap()
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Running {
    /// Starts on a free port with `extra` flags and waits until it is ready.
    pub(crate) fn start(dir: &Path, extra: &[&str]) -> Self {
        let mut running = Self {
            child: None,
            url: String::new(),
            port: free_port(),
            dir: dir.to_owned(),
            extra: extra.iter().map(|s| (*s).to_owned()).collect(),
            log: Arc::default(),
        };
        running.start_again();
        running
    }

    /// Starts the same server once more, on the same port and directory.
    pub(crate) fn start_again(&mut self) {
        let mut child = Command::new(HEARTH)
            .arg("serve")
            .arg("--data-dir")
            .arg(&self.dir)
            .args(["--port", &self.port.to_string()])
            .args(&self.extra)
            .current_dir(&self.dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        for stream in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let log = self.log.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    log.lock().unwrap().push_str(&(line + "\n"));
                }
            });
        }
        self.child = Some(child);
        self.url = format!("http://127.0.0.1:{}", self.port);
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if http_status(&format!("{}/readyz", self.url)) == Some(200) {
                return;
            }
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("hearth ended with {status}:\n{}", self.log());
            }
            assert!(
                Instant::now() < deadline,
                "hearth is not ready:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        kill(self.pid(), signal);
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = self.child.as_mut().unwrap().wait().unwrap();
        self.child = None;
        status
    }

    /// Process id of its PostgreSQL.
    pub(crate) fn postmaster(&self) -> u32 {
        let file = find(&self.dir, "postmaster.pid").expect("a running PostgreSQL");
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    /// Runs a command beside the server.
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        Command::new(HEARTH)
            .args(args)
            .arg("--data-dir")
            .arg(&self.dir)
            .current_dir(&self.dir)
            .output()
            .unwrap()
    }

    /// As [`Running::command`], which must succeed.
    pub(crate) fn must(&self, args: &[&str]) -> String {
        let output = self.command(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {text}{errors}");
        text
    }

    /// `hearth status` of an application.
    pub(crate) fn status(&self, app: Option<&str>) -> Value {
        let mut args = vec!["status", "-o", "json"];
        if let Some(app) = app {
            args.extend(["--app", app]);
        }
        serde_json::from_str(&self.must(&args)).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        kill(child.id(), "TERM");
        let deadline = Instant::now() + Duration::from_secs(30);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn kill(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .arg(format!("-{signal}"))
        .arg(pid.to_string())
        .status();
    assert!(status.unwrap().success());
}

/// The status of a GET, or none if nobody answers.
pub(crate) fn http_status(url: &str) -> Option<u16> {
    let url = url.to_owned();
    // A thread of its own: some callers are inside a runtime, where another cannot be started.
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { Some(reqwest::get(url).await.ok()?.status().as_u16()) })
    });
    asked.join().unwrap()
}

/// The JSON that a GET answers.
pub(crate) fn get_json(url: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { reqwest::get(url).await.unwrap().json().await.unwrap() })
}

fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if entry.file_name() == name {
            return Some(path);
        }
        if path.is_dir()
            && let Some(found) = find(&path, name)
        {
            return Some(found);
        }
    }
    None
}
