//! The limit of fan-out: a bare WebSocket server, its own process, that sends each message it gets
//! to every other socket. No topics, no rights, no JSON; the frame is made once, and messages that
//! arrive together leave in one write.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

type Sockets = Rc<Mutex<HashMap<usize, OwnedWriteHalf>>>;

/// Serves on `port` until the process is ended.
pub(crate) async fn serve(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let sockets = Sockets::default();
    let tasks = tokio::task::LocalSet::new();
    tasks
        .run_until(async move {
            for id in 0.. {
                let (stream, _) = listener.accept().await?;
                let sockets = sockets.clone();
                tokio::task::spawn_local(async move {
                    // A client that leaves is no event here.
                    let _ = socket(stream, id, &sockets).await;
                    sockets.lock().await.remove(&id);
                });
            }
            Ok(())
        })
        .await
}

async fn socket(mut stream: TcpStream, id: usize, sockets: &Sockets) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(
            stream.read_buf(&mut head).await? > 0,
            "left before the handshake"
        );
    }
    let text = String::from_utf8(head)?;
    let key = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then(|| value.trim().to_owned())
        })
        .context("no Sec-WebSocket-Key")?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(answer.as_bytes()).await?;
    let (mut reader, writer) = stream.into_split();
    sockets.lock().await.insert(id, writer);
    repeat(&mut reader, id, sockets).await
}

/// Sends what arrives to the others.
async fn repeat(reader: &mut OwnedReadHalf, id: usize, sockets: &Sockets) -> anyhow::Result<()> {
    let mut received = Vec::with_capacity(1024);
    let mut frames = Vec::with_capacity(1024);
    while reader.read_buf(&mut received).await? > 0 {
        frames.clear();
        while let Some(taken) = reframe(&received, &mut frames) {
            received.drain(..taken);
        }
        if frames.is_empty() {
            continue;
        }
        for (other, writer) in sockets.lock().await.iter_mut() {
            if *other != id {
                let _ = writer.write_all(&frames).await;
            }
        }
    }
    Ok(())
}

/// Takes the first frame off `received` if it is there in full, and writes it as a server's frame
/// (without a mask) to `out` if it is a text. Returns its length.
fn reframe(received: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (first, second) = (*received.first()?, *received.get(1)?);
    let (length, at) = match second & 0x7f {
        126 => {
            let bytes = received.get(2..4)?;
            (usize::from(u16::from_be_bytes([bytes[0], bytes[1]])), 4)
        }
        // Longer ones are not sent here.
        127 => return None,
        short => (usize::from(short), 2),
    };
    let mask = received.get(at..at + 4)?;
    let payload = received.get(at + 4..at + 4 + length)?;
    if first & 0x0f == 1 {
        out.extend_from_slice(&[first, second & 0x7f]);
        out.extend_from_slice(&received[2..at]);
        out.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
    }
    Some(at + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_leaves_without_mask() {
        let received = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2, 0x89];
        let mut out = Vec::new();
        assert_eq!(reframe(&received, &mut out), Some(8));
        assert_eq!(out, [0x81, 2, b'h', b'i']);
        assert_eq!(reframe(&received[..7], &mut out), None);
    }
}
