//! A script taken apart into statements, as psql does it: semicolons inside quotes, dollar quotes,
//! comments, parentheses and `begin atomic … end` bodies end nothing. Pure.

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'s> {
    /// Its text, without the semicolon.
    pub(crate) text: &'s str,
    /// Characters of the script before it.
    pub(crate) offset: usize,
    /// Its first words outside comments, in upper case.
    pub(crate) words: Vec<String>,
}

impl Statement<'_> {
    /// The word at `index`, or nothing.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// The command as PostgreSQL's tag would begin: `SELECT`, `CREATE TABLE` …
    pub(crate) fn command(&self) -> String {
        let mut words = self.words.iter().map(String::as_str).filter(|word| {
            !matches!(
                *word,
                "OR" | "REPLACE"
                    | "UNIQUE"
                    | "TEMP"
                    | "TEMPORARY"
                    | "UNLOGGED"
                    | "GLOBAL"
                    | "LOCAL"
                    | "RECURSIVE"
                    | "CONSTRAINT"
                    | "TRUSTED"
                    | "PROCEDURAL"
            )
        });
        let first = words.next().unwrap_or("SELECT");
        match first {
            "CREATE" | "ALTER" | "DROP" | "REFRESH" | "SECURITY" | "IMPORT" => {
                let second = words.next().unwrap_or_default();
                let third = match second {
                    "MATERIALIZED" | "EVENT" | "FOREIGN" | "ACCESS" | "DEFAULT" | "TEXT" => {
                        words.next()
                    }
                    _ => None,
                };
                [Some(first), Some(second), third]
                    .into_iter()
                    .flatten()
                    .filter(|word| !word.is_empty())
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            "TRUNCATE" => "TRUNCATE TABLE".to_owned(),
            "LOCK" => "LOCK TABLE".to_owned(),
            "TABLE" | "VALUES" | "WITH" => "SELECT".to_owned(),
            "START" => "BEGIN".to_owned(),
            "END" => "COMMIT".to_owned(),
            "ABORT" => "ROLLBACK".to_owned(),
            first => first.to_owned(),
        }
    }
}

/// How many leading words of a statement are kept.
const WORDS: usize = 8;

/// The statements of `script`; empty ones are left out.
pub(crate) fn split(script: &str) -> Vec<Statement<'_>> {
    let mut scanner = Scanner {
        script,
        bytes: script.as_bytes(),
        at: 0,
    };
    let mut statements = Vec::new();
    let mut counted = Counted {
        script,
        bytes: 0,
        characters: 0,
    };
    while let Some((start, end, words)) = scanner.statement() {
        if words.is_empty() {
            continue;
        }
        let text = script.get(start..end).unwrap_or_default();
        let lead = text.len() - text.trim_start().len();
        statements.push(Statement {
            text: text.trim(),
            offset: counted.up_to(start + lead),
            words,
        });
    }
    statements
}

/// Counts characters once, however many statements there are.
struct Counted<'s> {
    script: &'s str,
    bytes: usize,
    characters: usize,
}

impl Counted<'_> {
    fn up_to(&mut self, bytes: usize) -> usize {
        let piece = self.script.get(self.bytes..bytes).unwrap_or_default();
        self.characters += piece.chars().count();
        self.bytes = bytes;
        self.characters
    }
}

struct Scanner<'s> {
    script: &'s str,
    bytes: &'s [u8],
    at: usize,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Start, end and words of the next statement, or nothing at the end.
    fn statement(&mut self) -> Option<(usize, usize, Vec<String>)> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let mut words: Vec<String> = Vec::new();
        let mut something = false;
        let mut parentheses = 0_usize;
        let mut body = 0_usize;
        while self.at < self.bytes.len() {
            let byte = self.peek(0);
            match byte {
                b';' if parentheses == 0 && body == 0 => {
                    let end = self.at;
                    self.at += 1;
                    return Some((start, end, or_symbol(words, something)));
                }
                b'-' if self.peek(1) == b'-' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'\'' => {
                    self.quoted(b'\'', false);
                    something = true;
                }
                b'"' => {
                    self.quoted(b'"', false);
                    something = true;
                }
                b'$' if self.dollar_quoted() => something = true,
                b'(' => {
                    parentheses += 1;
                    something = true;
                    self.at += 1;
                }
                b')' => {
                    parentheses = parentheses.saturating_sub(1);
                    something = true;
                    self.at += 1;
                }
                byte if is_word(byte) && byte != b'$' => {
                    let word = self.word();
                    something = true;
                    body = nested(&words, &word, body, parentheses);
                    if words.len() < WORDS {
                        words.push(word);
                    }
                }
                byte => {
                    something |= !byte.is_ascii_whitespace();
                    self.at += 1;
                }
            }
        }
        Some((start, self.at, or_symbol(words, something)))
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while is_word(self.peek(0)) {
            self.at += 1;
        }
        let word = self.script.get(start..self.at).unwrap_or_default();
        if self.peek(0) == b'\'' && matches!(word, "e" | "E") {
            self.quoted(b'\'', true);
        }
        word.to_uppercase()
    }

    fn line_comment(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn quoted(&mut self, quote: u8, backslashes: bool) {
        self.at += 1;
        while self.at < self.bytes.len() {
            let byte = self.peek(0);
            if byte == b'\\' && backslashes {
                self.at += 2;
            } else if byte == quote {
                self.at += 1;
                // A doubled quote closes and opens again.
                if self.peek(0) != quote {
                    return;
                }
                self.at += 1;
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// Passes over a dollar-quoted text, if one starts here; else over the dollar sign.
    fn dollar_quoted(&mut self) -> bool {
        let mut end = self.at + 1;
        if self.bytes.get(end).is_some_and(u8::is_ascii_digit) {
            self.at = end;
            return true;
        }
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| is_word(*byte) && *byte != b'$')
        {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            self.at += 1;
            return true;
        }
        let Some(tag) = self.script.get(self.at..=end) else {
            self.at += 1;
            return true;
        };
        let inside = end + 1;
        let rest = self.script.get(inside..).unwrap_or_default();
        self.at = match rest.find(tag) {
            Some(found) => inside + found + tag.len(),
            None => self.bytes.len(),
        };
        true
    }
}

/// A statement that begins with a symbol (`(select 1)`) has one, too.
fn or_symbol(words: Vec<String>, something: bool) -> Vec<String> {
    if words.is_empty() && something {
        vec![String::new()]
    } else {
        words
    }
}

/// How deep inside `begin atomic … end` a routine's body is after `word`.
fn nested(words: &[String], word: &str, body: usize, parentheses: usize) -> usize {
    let first = |index: usize| words.get(index).map_or("", String::as_str);
    let kind = if first(1) == "OR" { first(3) } else { first(1) };
    let routine = first(0) == "CREATE" && matches!(kind, "FUNCTION" | "PROCEDURE");
    if !routine || parentheses > 0 {
        return body;
    }
    match word {
        "BEGIN" => body + 1,
        "CASE" if body > 0 => body + 1,
        "END" => body.saturating_sub(1),
        _ => body,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<&str> {
        split(script).into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn semicolons_inside_texts_end_nothing() {
        assert_eq!(
            texts("select ';'; select \"a;b\" -- ; x\n; select $$;$$ ; select $a$ ; $$ $a$"),
            [
                "select ';'",
                "select \"a;b\" -- ; x",
                "select $$;$$",
                "select $a$ ; $$ $a$"
            ]
        );
        assert_eq!(
            texts("select E'\\';'; select 2"),
            ["select E'\\';'", "select 2"]
        );
        assert_eq!(texts("select 'it''s;' ; "), ["select 'it''s;'"]);
        assert_eq!(texts("/* a /* ; */ ; */ ; ;; -- x"), Vec::<&str>::new());
        assert_eq!(texts("select a$b;c$ from t"), ["select a$b", "c$ from t"]);
        assert_eq!(texts("execute p($1); x"), ["execute p($1)", "x"]);
    }

    #[test]
    fn bodies_of_routines_stay_whole() {
        let body = "create or replace function f() returns int begin atomic select 1; \
                    select case when true then 2 end; end";
        assert_eq!(texts(&format!("{body}; select 1")), [body, "select 1"]);
        let rule = "create rule r as on insert to t do (select 1; select 2)";
        assert_eq!(texts(&format!("{rule};")), [rule]);
        assert_eq!(texts("begin; select 1; end"), ["begin", "select 1", "end"]);
    }

    #[test]
    fn unfinished_texts_run_to_the_end() {
        for script in [
            "select '",
            "select $$ ;",
            "/* ;",
            "select e'\\",
            "select \"",
            "$",
            "$中",
        ] {
            assert!(split(script).len() <= 1, "{script}");
        }
    }

    #[test]
    fn places_count_characters() {
        let statements = split("select '表';\n  select 2; (select 3)");
        let offsets: Vec<_> = statements.iter().map(|s| s.offset).collect();
        assert_eq!(offsets, [0, 14, 24]);
    }

    #[test]
    fn commands_are_named() {
        let name = |sql| split(sql).first().unwrap().command();
        assert_eq!(name("create table x ()"), "CREATE TABLE");
        assert_eq!(name("create or replace function f()"), "CREATE FUNCTION");
        assert_eq!(name("create unique index i on t (a)"), "CREATE INDEX");
        assert_eq!(
            name("refresh materialized view v"),
            "REFRESH MATERIALIZED VIEW"
        );
        assert_eq!(name("with x as (select 1) select * from x"), "SELECT");
        assert_eq!(name("(select 1)"), "SELECT");
        assert_eq!(name("/* a */ insert into t values (1)"), "INSERT");
    }
}
