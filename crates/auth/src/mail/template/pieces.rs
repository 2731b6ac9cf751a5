//! A template cut into text and actions (`{{…}}`), white space trimmed where they ask for it.

use super::TemplateError;

/// A stretch of text, or the inside of `{{…}}`.
pub(super) enum Piece {
    Text(String),
    Action { line: usize, source: String },
}

pub(super) fn pieces(source: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    let mut line = 1;
    let mut trim_next = false;
    loop {
        let (text, after) = match rest.split_once("{{") {
            Some((text, after)) => (text, Some(after)),
            None => (rest, None),
        };
        let text_line = line + text.matches('\n').count();
        let trims_before = after.is_some_and(trims_left);
        let mut kept = text;
        if trim_next {
            kept = kept.trim_start();
        }
        if trims_before {
            kept = kept.trim_end();
        }
        if !kept.is_empty() {
            pieces.push(Piece::Text(kept.to_owned()));
        }
        let Some(after) = after else {
            return Ok(pieces);
        };
        line = text_line;
        let end = end_of_action(after).ok_or(TemplateError::Unclosed(line))?;
        let mut inside = &after[..end];
        if trims_before {
            inside = &inside[1..];
        }
        trim_next =
            inside.ends_with('-') && inside[..inside.len() - 1].ends_with([' ', '\t', '\n', '\r']);
        if trim_next {
            inside = &inside[..inside.len() - 1];
        }
        let inside = inside.trim();
        if !(inside.starts_with("/*") && inside.ends_with("*/")) {
            pieces.push(Piece::Action {
                line,
                source: inside.to_owned(),
            });
        }
        line += after[..end].matches('\n').count();
        rest = &after[end + 2..];
    }
}

/// `{{- `: the text before loses its white space.
fn trims_left(after: &str) -> bool {
    after
        .strip_prefix('-')
        .is_some_and(|more| more.starts_with([' ', '\t', '\n', '\r']))
}

/// Where `}}` stands outside of quotes.
fn end_of_action(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at),
            None => {}
        }
    }
    None
}
