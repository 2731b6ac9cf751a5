//! Strings and points in time as PostgreSQL's JSON functions write them.

use bytes::{BufMut, BytesMut};

use super::json::Unexpected;

/// A JSON string, escaped as `escape_json` does.
pub(super) fn escaped(text: &[u8], out: &mut BytesMut) {
    out.reserve(text.len() + 2);
    out.put_u8(b'"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        out.put_slice(plain);
        let Some((byte, behind)) = special.split_first() else {
            break;
        };
        escape(*byte, out);
        rest = behind;
    }
    out.put_u8(b'"');
}

fn escape(byte: u8, out: &mut BytesMut) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.put_slice(b"\\u00");
            out.put_u8(HEX[usize::from(byte >> 4)]);
            out.put_u8(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.put_slice(&[b'\\', short]);
}

/// How many bytes stand before the first that has to be escaped. Eight at a time: serde_json's
/// string writer looks at each byte and wants the text checked for UTF-8 first, which together
/// cost more than everything else that is done for a row; PostgreSQL vouches for the encoding.
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let has_special = |word: u64| {
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let quote = has_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = has_zero(word ^ (ONES * u64::from(b'\\')));
        control | quote | backslash != 0
    };
    let (words, _) = text.as_chunks::<8>();
    let skipped = words
        .iter()
        .take_while(|word| !has_special(u64::from_ne_bytes(**word)))
        .count();
    let start = skipped * 8;
    let special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    text[start..]
        .iter()
        .position(special)
        .map_or(text.len(), |at| start + at)
}

/// A `timestamp` (or `timestamp with time zone`) as `JsonEncodeDateTime` writes it: like
/// `DateStyle` ISO, but with `T` between day and time, and a zone that has minutes always.
///
/// Anything but ISO text is refused: somebody has set another `DateStyle`.
pub(super) fn timestamp(text: &[u8], zoned: bool, out: &mut BytesMut) -> Result<(), Unexpected> {
    if is_infinite(text) {
        quoted(&[text], out);
        return Ok(());
    }
    let day = day_length(text).ok_or(Unexpected)?;
    let (day, rest) = text.split_at(day);
    let Some((b' ', rest)) = rest.split_first() else {
        return Err(Unexpected);
    };
    let (rest, era) = match rest.strip_suffix(b" BC") {
        Some(rest) => (rest, &b" BC"[..]),
        None => (rest, &b""[..]),
    };
    let clock = |b: &u8| b.is_ascii_digit() || matches!(b, b':' | b'.');
    let time = rest.iter().take_while(|b| clock(b)).count();
    let (time, zone) = rest.split_at(time);
    let minutes: &[u8] = match (zoned, zone) {
        (false, []) => b"",
        (true, [b'+' | b'-', offset @ ..]) if offset.iter().all(clock) => {
            if offset.contains(&b':') { b"" } else { b":00" }
        }
        _ => return Err(Unexpected),
    };
    quoted(&[day, b"T", time, zone, minutes, era], out);
    Ok(())
}

/// A `date`: ISO in JSON, whatever `DateStyle` says; other text is refused.
pub(super) fn date(text: &[u8], out: &mut BytesMut) -> Result<(), Unexpected> {
    let is_date = || {
        let rest = text.get(day_length(text)?..)?;
        (rest.is_empty() || rest == b" BC").then_some(())
    };
    if !is_infinite(text) && is_date().is_none() {
        return Err(Unexpected);
    }
    quoted(&[text], out);
    Ok(())
}

fn is_infinite(text: &[u8]) -> bool {
    matches!(text, b"infinity" | b"-infinity")
}

/// The length of `2024-01-31` at the beginning; years have four digits or more.
fn day_length(text: &[u8]) -> Option<usize> {
    let year = text.iter().take_while(|b| b.is_ascii_digit()).count();
    match text.get(year..year + 6)? {
        [b'-', a, b, b'-', c, d]
            if year >= 4 && [a, b, c, d].into_iter().all(u8::is_ascii_digit) =>
        {
            Some(year + 6)
        }
        _ => None,
    }
}

fn quoted(parts: &[&[u8]], out: &mut BytesMut) {
    out.put_u8(b'"');
    for part in parts {
        out.put_slice(part);
    }
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> String {
        let mut out = BytesMut::new();
        escaped(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn strings_are_escaped_wherever_the_special_byte_stands() {
        for length in 0..20 {
            for at in 0..length {
                for special in ['"', '\\', '\n', '\u{1}', '\u{1f}', '\u{7f}', '界'] {
                    let text: String = (0..length)
                        .map(|n| if n == at { special } else { 'é' })
                        .collect();
                    let expected = serde_json::Value::String(text.clone()).to_string();
                    assert_eq!(string(&text), expected);
                }
            }
        }
    }

    #[test]
    fn other_date_styles_are_refused() {
        let mut out = BytesMut::new();
        for text in [
            "Wed Nov 22 10:00:00 2026",
            "22/11/2026 10:00:00",
            "22.11.2026 10:00:00",
            "2026-11-22 10:00:00 CET",
            "2026-11-22",
            "",
        ] {
            assert!(
                timestamp(text.as_bytes(), true, &mut out).is_err(),
                "{text}"
            );
        }
        assert!(date(b"11-22-2026", &mut out).is_err());
        assert!(date(b"22.11.2026", &mut out).is_err());
        assert!(out.is_empty());
    }
}
