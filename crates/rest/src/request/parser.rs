//! A small parser engine with the error semantics of Parsec, because clients see its texts: a
//! failure names the furthest position, what stood there and everything that could have.
//!
//! A parser is a function `fn(&mut Parser) -> Parsed<T>`. One that fails without having consumed
//! input lets [`Parser::choice`]-like combinators try the next one; one that fails after consuming
//! ends the parse, unless it is wrapped in [`Parser::attempt`]. Nearly all requests parse, so the
//! first pass finds out no more than where the failure is; only then a second one collects
//! what is to be said about that place.

/// Nested lists deeper than this are refused: the grammar is recursive, the stack is not endless.
const MAX_DEPTH: u32 = 100;

/// More embedded resources than this are refused: each is looked for by every filter.
const MAX_PARTS: u32 = 1000;

/// A parser failed; why is in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed;

pub(crate) type Parsed<T> = Result<T, Failed>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    /// What stood there, found by a primitive; empty for the end of input.
    Found(String),
    /// What stood there and must not.
    Unwanted(String),
    /// What could have stood there.
    Expected(&'static str),
    /// Anything else.
    Note(&'static str),
}

impl Message {
    fn rank(&self) -> u8 {
        match self {
            Self::Found(_) => 0,
            Self::Unwanted(_) => 1,
            Self::Expected(_) => 2,
            Self::Note(_) => 3,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Found(text) | Self::Unwanted(text) => text,
            Self::Expected(text) | Self::Note(text) => text,
        }
    }
}

/// What is known about the failure that counts so far. Its messages are kept only where they are
/// wanted; whether there are any decides which failure counts, so that is known everywhere.
#[derive(Debug, Clone, Default)]
struct Trace {
    position: usize,
    known: bool,
    messages: Vec<Message>,
}

impl Trace {
    fn unknown_at(position: usize) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }

    fn merge(&mut self, other: Self) {
        if !other.known && self.known {
            return;
        }
        if !self.known && other.known {
            *self = other;
            return;
        }
        match self.position.cmp(&other.position) {
            std::cmp::Ordering::Equal => self.messages.extend(other.messages),
            std::cmp::Ordering::Greater => {}
            std::cmp::Ordering::Less => *self = other,
        }
    }
}

/// Where and why a text does not parse, in Parsec's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// `(line 1, column 4)`.
    pub position: String,
    /// `unexpected "c" expecting "asc" or "desc"`, on one line.
    pub details: String,
}

/// One of several parsers to choose from.
pub(crate) type Alternative<'f, 'a, T> = &'f dyn Fn(&mut Parser<'a>) -> Parsed<T>;

/// The state of one parse.
pub(crate) struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: u32,
    parts: u32,
    trace: Trace,
    /// Where messages are wanted.
    wanted: Option<usize>,
}

/// Runs `parse` on `text`; on failure runs it again to find out why.
pub(crate) fn parse_text<T>(
    text: &str,
    parse: impl Fn(&mut Parser<'_>) -> Parsed<T>,
) -> Result<T, SyntaxError> {
    let mut quick = Parser::new(text, None);
    if let Ok(value) = parse(&mut quick) {
        return Ok(value);
    }
    let mut traced = Parser::new(text, Some(quick.trace.position));
    let _ = parse(&mut traced);
    Err(traced.explain())
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, wanted: Option<usize>) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            parts: 0,
            trace: Trace::default(),
            wanted,
        }
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.text[self.position..].chars().next()
    }

    /// The text between an earlier position and here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.position]
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    fn note_failure(&mut self, position: usize, messages: impl FnOnce(&Self) -> Vec<Message>) {
        let wanted = self.wanted == Some(position);
        let messages = if wanted { messages(self) } else { Vec::new() };
        self.trace.merge(Trace {
            position,
            known: true,
            messages,
        });
    }

    fn consumed_to(&mut self, position: usize) {
        self.position = position;
        self.trace = Trace::unknown_at(position);
    }

    fn found(&self) -> Message {
        Message::Found(
            self.peek()
                .map(|c| show_text(c.encode_utf8(&mut [0; 4])))
                .unwrap_or_default(),
        )
    }

    /// One character that `accept` takes; `label` says what was expected, empty: nothing to say.
    pub(crate) fn satisfy(
        &mut self,
        label: &'static str,
        accept: impl FnOnce(char) -> bool,
    ) -> Parsed<char> {
        match self.peek() {
            Some(c) if accept(c) => {
                self.consumed_to(self.position + c.len_utf8());
                Ok(c)
            }
            _ => {
                self.note_failure(self.position, |p| {
                    let mut messages = vec![p.found()];
                    if !label.is_empty() {
                        messages.push(Message::Expected(label));
                    }
                    messages
                });
                Err(Failed)
            }
        }
    }

    /// The character `c`; `label` is its quoted form.
    pub(crate) fn char(&mut self, c: char, label: &'static str) -> Parsed<char> {
        self.satisfy(label, |found| found == c)
    }

    /// All characters of `token`; `label` is its quoted form. As Parsec's `string`, a mismatch
    /// after the first character counts as consumed, and is reported at the token's start.
    pub(crate) fn string(&mut self, token: &str, label: &'static str) -> Parsed<()> {
        let rest = &self.text[self.position..];
        if rest.starts_with(token) {
            self.consumed_to(self.position + token.len());
            return Ok(());
        }
        let start = self.position;
        let matched: usize = rest
            .chars()
            .zip(token.chars())
            .take_while(|(found, wanted)| found == wanted)
            .map(|(found, _)| found.len_utf8())
            .sum();
        if matched > 0 {
            self.consumed_to(start + matched);
        }
        if matched > 0 {
            self.trace = Trace::unknown_at(start);
        }
        self.note_failure(start, |p| vec![Message::Expected(label), p.found()]);
        Err(Failed)
    }

    /// `parse`, as if it had consumed nothing when it fails.
    pub(crate) fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = self.position;
        let before = self.trace.clone();
        let result = parse(self);
        if result.is_err() && self.position != start {
            self.position = start;
            self.restore_trace(before);
        }
        result
    }

    fn restore_trace(&mut self, mut before: Trace) {
        before.merge(std::mem::take(&mut self.trace));
        self.trace = before;
    }

    /// The first of two parsers that succeeds or fails after consuming.
    pub(crate) fn either<T>(
        &mut self,
        first: impl FnOnce(&mut Self) -> Parsed<T>,
        second: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let start = self.position;
        match first(self) {
            Err(Failed) if self.position == start => second(self),
            result => result,
        }
    }

    /// The first alternative that succeeds or fails after consuming.
    pub(crate) fn choice<T>(&mut self, alternatives: &[Alternative<'_, 'a, T>]) -> Parsed<T> {
        let start = self.position;
        for alternative in alternatives {
            match alternative(self) {
                Err(Failed) if self.position == start => {}
                result => return result,
            }
        }
        Err(Failed)
    }

    /// One of several words, each tried from the same start.
    pub(crate) fn word<T: Copy>(&mut self, words: &[(&str, &'static str, T)]) -> Parsed<T> {
        for (word, label, value) in words {
            if self.attempt(|p| p.string(word, label)).is_ok() {
                return Ok(*value);
            }
        }
        Err(Failed)
    }

    /// `parse`, or nothing where it fails without consuming.
    pub(crate) fn optional<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<Option<T>> {
        let start = self.position;
        match parse(self) {
            Ok(value) => Ok(Some(value)),
            Err(Failed) if self.position == start => Ok(None),
            Err(Failed) => Err(Failed),
        }
    }

    /// `parse` as often as it succeeds.
    pub(crate) fn many<T>(
        &mut self,
        mut parse: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut values = Vec::new();
        while let Some(value) = self.optional(&mut parse)? {
            values.push(value);
        }
        Ok(values)
    }

    /// Characters as long as `accept` takes them.
    pub(crate) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let start = self.position;
        while self.satisfy("", &accept).is_ok() {}
        self.since(start)
    }

    /// One `item` or more, separated. As in Parsec, what could have stood behind an item is forgotten
    /// once it is not the first.
    pub(crate) fn separated<T, S>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
        mut separator: impl FnMut(&mut Self) -> Parsed<S>,
    ) -> Parsed<Vec<T>> {
        let mut values = vec![item(self)?];
        while self.optional(&mut separator)?.is_some() {
            values.push(item(self)?);
            self.trace = Trace::unknown_at(self.position);
        }
        Ok(values)
    }

    /// Gives what `parse` is called where it fails at once.
    pub(crate) fn labelled<T>(
        &mut self,
        label: &'static str,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let start = self.position;
        let before = std::mem::replace(&mut self.trace, Trace::unknown_at(start));
        let result = parse(self);
        if self.position == start {
            let trace = &mut self.trace;
            if result.is_err() || trace.known {
                trace.known = true;
                trace
                    .messages
                    .retain(|m| !matches!(m, Message::Expected(_)));
                if self.wanted == Some(trace.position) {
                    trace.messages.push(Message::Expected(label));
                }
            }
            self.restore_trace(before);
        }
        result
    }

    /// Succeeds where `parse` would, without consuming.
    pub(crate) fn look_ahead<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<()> {
        let start = self.position;
        let before = self.trace.clone();
        parse(self)?;
        self.position = start;
        self.trace = before;
        Ok(())
    }

    /// Fails where the next character is one that `reject` takes.
    pub(crate) fn not_followed_by(
        &mut self,
        label: &'static str,
        reject: impl FnOnce(char) -> bool,
    ) -> Parsed<()> {
        let start = self.position;
        let before = self.trace.clone();
        match self.satisfy(label, reject) {
            Err(Failed) => Ok(()),
            Ok(c) => {
                let after = self.position;
                self.position = start;
                self.trace = before;
                self.note_failure(after, |_| vec![Message::Unwanted(show_char(c))]);
                Err(Failed)
            }
        }
    }

    /// The end of the text.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.labelled("end of input", |p| match p.peek() {
            None => {
                p.note_failure(p.position, |_| vec![Message::Found(String::new())]);
                Ok(())
            }
            Some(c) => {
                p.note_failure(p.position, |_| vec![Message::Unwanted(show_char(c))]);
                Err(Failed)
            }
        })
    }

    /// Succeeds without consuming before one of `marks` (with their quoted forms) or at the end.
    pub(crate) fn ends_before(&mut self, marks: &[(&str, &'static str)]) -> Parsed<()> {
        for (mark, label) in marks {
            let seen = self.attempt(|p| p.look_ahead(|p| p.string(mark, label)));
            if seen.is_ok() {
                return Ok(());
            }
        }
        self.attempt(Self::end)
    }

    /// Fails for good with a note of its own.
    pub(crate) fn fail<T>(&mut self, note: &'static str) -> Parsed<T> {
        self.note_failure(self.position, |_| vec![Message::Note(note)]);
        Err(Failed)
    }

    /// One level deeper, as far as that is allowed.
    pub(crate) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail("the request is nested too deeply");
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Counts an embedded resource, as far as that is allowed.
    pub(crate) fn count_part(&mut self) -> Parsed<()> {
        if self.parts >= MAX_PARTS {
            return self.fail("the request embeds too many resources");
        }
        self.parts += 1;
        Ok(())
    }

    fn explain(self) -> SyntaxError {
        let trace = self.trace;
        let position = trace.position.min(self.text.len());
        let (mut line, mut column) = (1_usize, 1_usize);
        for c in self.text[..position].chars() {
            match c {
                '\n' => {
                    line += 1;
                    column = 1;
                }
                '\t' => column += 8 - ((column - 1) % 8),
                _ => column += 1,
            }
        }
        SyntaxError {
            position: format!("(line {line}, column {column})"),
            details: describe(trace.messages),
        }
    }
}

fn describe(mut messages: Vec<Message>) -> String {
    if messages.is_empty() {
        return "unknown parse error".to_owned();
    }
    messages.sort_by_key(Message::rank);
    let texts = |rank: u8| {
        let mut seen: Vec<&str> = Vec::new();
        for message in messages.iter().filter(|m| m.rank() == rank) {
            if !message.text().is_empty() && !seen.contains(&message.text()) {
                seen.push(message.text());
            }
        }
        seen
    };
    let mut parts = Vec::new();
    let unwanted = texts(1);
    if unwanted.is_empty() {
        if let Some(Message::Found(found)) = messages.first() {
            let found = if found.is_empty() {
                "end of input"
            } else {
                found
            };
            parts.push(format!("unexpected {found}"));
        }
    } else {
        parts.push(format!("unexpected {}", one_of(&unwanted)));
    }
    let expected = texts(2);
    if !expected.is_empty() {
        parts.push(format!("expecting {}", one_of(&expected)));
    }
    let notes = texts(3);
    if !notes.is_empty() {
        parts.push(one_of(&notes));
    }
    parts.join(" ")
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A character as Haskell shows it, in single quotes.
fn show_char(c: char) -> String {
    match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => format!("'{}'", escape_char(c)),
    }
}

/// A text as Haskell shows it, in double quotes.
pub(super) fn show_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            c => out.push_str(&escape_char(c)),
        }
    }
    out.push('"');
    out
}

fn escape_char(c: char) -> String {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a", "b", "t", "n", "v", "f", "r", "SO",
        "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
        "FS", "GS", "RS", "US",
    ];
    match c {
        '\\' => "\\\\".to_owned(),
        '\x7f' => "\\DEL".to_owned(),
        c if (c as u32) < 32 => format!("\\{}", NAMES[c as usize]),
        c if c.is_ascii() => c.to_string(),
        c => format!("\\{}", c as u32),
    }
}
