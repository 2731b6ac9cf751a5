//! The limit of storage where no nginx is installed: a bare file server, its own process, a thread
//! for each connection. GET goes out by `sendfile`, PUT is written beside its place and renamed.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// Serves the files of `root` on `port` until the process is ended.
pub(crate) fn serve(port: u16, root: &Path) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    for stream in listener.incoming() {
        let (stream, root) = (stream?, root.to_owned());
        std::thread::spawn(move || {
            // A client that leaves is no event here.
            let _ = connection(&stream, &root);
        });
    }
    Ok(())
}

fn connection(stream: &TcpStream, root: &Path) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let path = file(root, words.next().unwrap_or_default())?;
        let mut length = 0;
        loop {
            line.clear();
            ensure!(reader.read_line(&mut line)? > 0, "the head has no end");
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        if method == "PUT" {
            put(&mut reader, length, &path)?;
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")?;
        } else {
            get(stream, &path)?;
        }
    }
}

/// The names are the benchmark's own: one plain part.
fn file(root: &Path, path: &str) -> anyhow::Result<PathBuf> {
    let name = path.trim_start_matches('/');
    ensure!(
        !name.contains(['/', '\\']) && !name.starts_with('.'),
        "no such file"
    );
    Ok(root.join(name))
}

fn get(mut stream: &TcpStream, path: &Path) -> anyhow::Result<()> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").as_bytes())?;
    let mut left = usize::try_from(length)?;
    while left > 0 {
        let sent = nix::sys::sendfile::sendfile(stream, &file, None, left)?;
        ensure!(sent > 0, "the file became shorter");
        left -= sent;
    }
    Ok(())
}

fn put(reader: &mut impl BufRead, length: u64, path: &Path) -> anyhow::Result<()> {
    let thread = format!("{:?}", std::thread::current().id());
    let digits: String = thread.chars().filter(char::is_ascii_digit).collect();
    let aside = path.with_extension(format!("new{digits}"));
    let mut file = File::create(&aside).context("cannot write")?;
    let mut left = length;
    while left > 0 {
        let chunk = reader.fill_buf()?;
        let most = chunk.len().min(usize::try_from(left)?);
        ensure!(most > 0, "the body ended early");
        file.write_all(&chunk[..most])?;
        reader.consume(most);
        left -= most as u64;
    }
    std::fs::rename(aside, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Connection;

    #[tokio::test]
    async fn a_file_comes_back_as_it_went_in() {
        let root = tempfile::tempdir().unwrap();
        let port = crate::server::free_port().unwrap();
        let served = root.path().to_owned();
        std::thread::spawn(move || serve(port, &served));
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        crate::fanout::wait_for(address).await.unwrap();
        let mut connection = Connection::open(address).await.unwrap();
        let put = b"PUT /a.bin HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(connection.call(put, b"hello").await.unwrap().status, 201);
        let answer = connection
            .call(b"GET /a.bin HTTP/1.1\r\n\r\n", b"")
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, b"hello".as_slice())
        );
        let outside = connection.call(b"GET /../b HTTP/1.1\r\n\r\n", b"").await;
        assert!(outside.is_err());
    }
}
