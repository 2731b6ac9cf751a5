//! WebSocket frames as the server sends them: unmasked, so that one encoded frame serves every
//! socket.

use bytes::{BufMut, Bytes, BytesMut};

const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;

fn frame(opcode: u8, parts: &[&[u8]]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = BytesMut::with_capacity(length + 10);
    out.put_u8(FINAL | opcode);
    if length < 126 {
        out.put_u8(length as u8);
    } else if let Ok(short) = u16::try_from(length) {
        out.put_u8(126);
        out.put_u16(short);
    } else {
        out.put_u8(127);
        out.put_u64(length as u64);
    }
    for part in parts {
        out.put_slice(part);
    }
    out.freeze()
}

/// A text message out of `parts`.
pub fn text(parts: &[&str]) -> Bytes {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    frame(TEXT, &parts)
}

/// A binary message out of `parts`.
pub fn binary(parts: &[&[u8]]) -> Bytes {
    frame(BINARY, parts)
}

/// The text in a frame that [`text`] made; none for other frames.
pub fn text_of(frame: &Bytes) -> Option<&str> {
    if *frame.first()? != FINAL | TEXT {
        return None;
    }
    let head = match *frame.get(1)? {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    std::str::from_utf8(frame.get(head..)?).ok()
}

/// A close frame with a reason of at most 123 bytes.
pub fn close(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    frame(CLOSE, &[&code.to_be_bytes(), &reason.as_bytes()[..end]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_their_shortest_form() {
        assert_eq!(&text(&["hi"])[..], b"\x81\x02hi");
        let long = "x".repeat(126);
        assert_eq!(&text(&[&long])[..4], b"\x81\x7e\x00\x7e");
        let longer = "x".repeat(65536);
        assert_eq!(&text(&[&longer])[..10], b"\x81\x7f\0\0\0\0\0\x01\0\0");
        assert_eq!(text_of(&text(&[&longer])).map(str::len), Some(65536));
        assert_eq!(text_of(&binary(&[b"x"])), None);
        assert_eq!(&close(1001, "bye")[..], b"\x88\x05\x03\xe9bye");
    }
}
