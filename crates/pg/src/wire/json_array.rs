//! PostgreSQL's text of an array as a JSON array.

use bytes::{BufMut, BytesMut};

use super::json::{Encoder, Unexpected};

/// Writes `{a,"b c",NULL}`, of any depth; bounds before it (`[0:1]={…}`) are no part of JSON.
pub(super) fn write(text: &[u8], element: Encoder, out: &mut BytesMut) -> Result<(), Unexpected> {
    let mut rest = match text.first() {
        Some(b'[') => {
            let at = text.iter().position(|b| *b == b'=').ok_or(Unexpected)?;
            &text[at + 1..]
        }
        _ => text,
    };
    let mut depth = 0_usize;
    let mut unquoted = Vec::new();
    while let Some((byte, behind)) = rest.split_first() {
        match byte {
            b'{' => {
                depth += 1;
                out.put_u8(b'[');
                rest = behind;
            }
            b'}' => {
                depth = depth.checked_sub(1).ok_or(Unexpected)?;
                out.put_u8(b']');
                rest = behind;
            }
            b',' => {
                out.put_u8(b',');
                rest = behind;
            }
            b'"' => {
                rest = unquote(behind, &mut unquoted)?;
                element.write(&unquoted, out)?;
            }
            _ => {
                let end = rest.iter().position(|b| matches!(b, b',' | b'}'));
                let (value, behind) = rest.split_at(end.ok_or(Unexpected)?);
                // Only the null value stands like this; the text is in quotes.
                if value == b"NULL" {
                    out.put_slice(b"null");
                } else {
                    element.write(value, out)?;
                }
                rest = behind;
            }
        }
    }
    if depth == 0 { Ok(()) } else { Err(Unexpected) }
}

/// Takes a quoted element apart, and gives what stands behind it.
fn unquote<'a>(mut rest: &'a [u8], value: &mut Vec<u8>) -> Result<&'a [u8], Unexpected> {
    value.clear();
    loop {
        let at = rest.iter().position(|b| matches!(b, b'"' | b'\\'));
        let (plain, special) = rest.split_at(at.ok_or(Unexpected)?);
        value.extend_from_slice(plain);
        match special {
            [b'\\', escaped, behind @ ..] => {
                value.push(*escaped);
                rest = behind;
            }
            [b'"', behind @ ..] => return Ok(behind),
            _ => return Err(Unexpected),
        }
    }
}
