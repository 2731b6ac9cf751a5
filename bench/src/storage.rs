//! Objects of 100 kB and 20 MB, up and down as `anon` under the bucket's policies, beside a static
//! file server: nginx where it is installed, else a bare one of our own.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::process::{Child, Command};

use crate::fanout::wait_for;
use crate::figures::{Measured, median};
use crate::http::{self, Until};
use crate::process::{self, CpuPair};
use crate::report::{Bound, Figure, Operation, Report};
use crate::server::{Hearth, free_port};

const MEGABYTE: usize = 1_000_000;

/// One size of object.
struct Size {
    name: &'static str,
    bytes: usize,
    connections: usize,
    /// On each connection.
    transfers: u64,
}

const SIZES: [Size; 2] = [
    Size {
        name: "100 kB",
        bytes: 100_000,
        connections: 16,
        transfers: 40,
    },
    Size {
        name: "20 MB",
        bytes: 20 * MEGABYTE,
        connections: 4,
        transfers: 4,
    },
];

/// Measures uploads and downloads, and Hearth's memory meanwhile.
pub(crate) async fn measure(
    hearth: &Hearth,
    scratch: &Path,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let limit = FileServer::start(scratch).await?;
    for size in &SIZES {
        // Bodies live as long as the program: several tasks send them at once.
        let body: &'static [u8] = Box::leak(noise(size.bytes).into_boxed_slice());
        let mut ups = (Vec::new(), Vec::new());
        let mut downs = (Vec::new(), Vec::new());
        let mut memory = Vec::new();
        // The first transfers make the pools and caches that stay.
        transfer(hearth.address(), size, 1, uploads(hearth, size), body).await?;
        transfer(hearth.address(), size, 1, downloads(hearth, size), b"").await?;
        for _ in 0..runs {
            let pid = hearth.pid()?;
            let before = process::memory(pid).rss_kb;
            process::reset_peak(pid)?;
            ups.0
                .push(of_hearth(hearth, size, uploads(hearth, size), body).await?);
            downs
                .0
                .push(of_hearth(hearth, size, downloads(hearth, size), b"").await?);
            memory.push((
                before as f64 / 1024.0,
                process::peak_kb(pid) as f64 / 1024.0,
            ));
            ups.1.push(limit.run(size, "PUT", body).await?);
            downs.1.push(limit.run(size, "GET", b"").await?);
        }
        for (what, (hearth, limited)) in [("upload", ups), ("download", downs)] {
            report.operations.push(Operation {
                name: format!("{what} of {}", size.name),
                connections: size.connections,
                hearth: Measured::median(&hearth).context("no runs")?,
                limit_name: limit.name.to_owned(),
                limit: Measured::median(&limited).ok_or_else(String::new),
                target: None,
            });
        }
        let grown = memory.iter().map(|(before, peak)| peak - before);
        report.figures.push(Figure {
            name: format!(
                "peak memory while {} × {} stream, above what it was",
                size.connections, size.name
            ),
            unit: "MiB",
            hearth: median(grown),
            limit_name: String::new(),
            limit: None,
            // "Flat": less than one of the objects that pass through.
            target: (size.bytes > MEGABYTE).then_some(Bound::AtMost(16.0)),
        });
        report.figures.push(Figure {
            name: format!(
                "peak memory while {} × {} stream",
                size.connections, size.name
            ),
            unit: "MiB",
            hearth: median(memory.iter().map(|(_, peak)| *peak)),
            limit_name: String::new(),
            limit: None,
            target: None,
        });
    }
    Ok(())
}

/// Bytes that nothing compresses.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand::fill(bytes.as_mut_slice());
    bytes
}

type Head = std::sync::Arc<dyn Fn(usize, u64, &mut Vec<u8>) + Send + Sync>;

/// One object for each connection, written over again and again.
fn uploads(hearth: &Hearth, size: &Size) -> Head {
    let headers = format!(
        "content-type: application/octet-stream\r\nx-upsert: true\r\ncontent-length: {}\r\n",
        size.bytes
    );
    heads(hearth, size, "POST", "/storage/v1/object/bench", &headers)
}

fn downloads(hearth: &Hearth, size: &Size) -> Head {
    heads(
        hearth,
        size,
        "GET",
        "/storage/v1/object/authenticated/bench",
        "",
    )
}

fn heads(hearth: &Hearth, size: &Size, method: &str, below: &str, headers: &str) -> Head {
    let heads: Vec<Vec<u8>> = (0..size.connections)
        .map(|connection| {
            let mut head = Vec::new();
            let path = format!("{below}/{}-{connection}.bin", size.bytes);
            hearth.head(method, &path, "anon", headers, &mut head);
            head
        })
        .collect();
    std::sync::Arc::new(move |connection, _, out| out.extend_from_slice(&heads[connection]))
}

async fn transfer(
    address: SocketAddr,
    size: &Size,
    each: u64,
    head: Head,
    body: &'static [u8],
) -> anyhow::Result<http::Load> {
    let head = move |connection: usize, number: u64, out: &mut Vec<u8>| {
        head(connection, number, out);
    };
    http::load(address, size.connections, Until::Count(each), head, body).await
}

fn measured(mut load: http::Load, (cpu_us, postgres_cpu_us): (f64, f64)) -> Measured {
    Measured {
        per_second: load.times.count() as f64 / load.elapsed.as_secs_f64(),
        p50_us: load.times.percentile(0.50),
        p99_us: load.times.percentile(0.99),
        cpu_us,
        postgres_cpu_us,
    }
}

async fn of_hearth(
    hearth: &Hearth,
    size: &Size,
    head: Head,
    body: &'static [u8],
) -> anyhow::Result<Measured> {
    let (pid, postmaster) = (hearth.pid()?, hearth.postmaster()?);
    let before = CpuPair::now(pid, postmaster);
    let load = transfer(hearth.address(), size, size.transfers, head, body).await?;
    let cpu = CpuPair::now(pid, postmaster).per_op(before, load.times.count());
    Ok(measured(load, cpu))
}

/// The limit.
struct FileServer {
    name: &'static str,
    process: Child,
    address: SocketAddr,
}

impl FileServer {
    async fn start(scratch: &Path) -> anyhow::Result<Self> {
        let root = scratch.join("files");
        std::fs::create_dir_all(&root)?;
        let port = free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let (name, mut command) = match nginx() {
            Some(program) => {
                // nginx may serve as another user than the one who started it.
                std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o777))?;
                let file = scratch.join("nginx.conf");
                std::fs::write(&file, nginx_conf(scratch, port))?;
                let mut command = Command::new(program);
                command.arg("-c").arg(file).arg("-p").arg(scratch);
                ("nginx", command)
            }
            None => {
                let mut command = Command::new(std::env::current_exe()?);
                command
                    .args(["static-server", "--port", &port.to_string(), "--root"])
                    .arg(root);
                ("bare file server", command)
            }
        };
        let process = command.kill_on_drop(true).spawn()?;
        wait_for(address).await?;
        Ok(Self {
            name,
            process,
            address,
        })
    }

    async fn run(
        &self,
        size: &Size,
        method: &str,
        body: &'static [u8],
    ) -> anyhow::Result<Measured> {
        let method = method.to_owned();
        let bytes = size.bytes;
        let head: Head = std::sync::Arc::new(move |connection, _, out| {
            let length = if method == "PUT" { bytes } else { 0 };
            let text = format!(
                "{method} /{bytes}-{connection}.bin HTTP/1.1\r\nhost: 127.0.0.1\r\n\
                 content-length: {length}\r\n\r\n"
            );
            out.extend_from_slice(text.as_bytes());
        });
        let pid = self.process.id().context("the file server ended")?;
        let before = process::tree_cpu(pid);
        let load = transfer(self.address, size, size.transfers, head, body).await?;
        let cpu = process::tree_cpu(pid).saturating_sub(before);
        let each = cpu.max(Duration::ZERO).as_secs_f64() * 1e6 / load.times.count().max(1) as f64;
        Ok(measured(load, (each, 0.0)))
    }
}

fn nginx() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|dir| dir.join("nginx"))
        .find(|file| file.is_file())
}

fn nginx_conf(scratch: &Path, port: u16) -> String {
    let user = if nix::unistd::Uid::effective().is_root() {
        "user root;"
    } else {
        ""
    };
    let scratch = scratch.display();
    format!(
        "daemon off; {user} worker_processes 1; pid {scratch}/nginx.pid;\n\
         error_log {scratch}/nginx.log;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n\
           access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
           client_max_body_size 0; client_body_temp_path {scratch}/uploads;\n\
           proxy_temp_path {scratch}/t; fastcgi_temp_path {scratch}/t;\n\
           uwsgi_temp_path {scratch}/t; scgi_temp_path {scratch}/t;\n\
           server {{\n\
             listen 127.0.0.1:{port}; root {scratch}/files;\n\
             location / {{ dav_methods PUT; }}\n\
           }}\n\
         }}\n"
    )
}
