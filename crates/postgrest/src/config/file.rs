//! The syntax of `postgrest.conf`: `key = value` lines, groups in braces, `import "file"`, comments,
//! and `$(NAME)` in strings. As the library configurator-pg has it. Pure: files and variables are
//! asked for by [`Outside`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use winnow::ascii::line_ending;
use winnow::combinator::{alt, cut_err, delimited, eof, not, opt, peek, repeat};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::token::{any, one_of, take_till, take_while};

/// Files that import each other are followed this deep.
const DEEPEST_IMPORT: usize = 16;
/// Brackets in brackets likewise.
const DEEPEST_LIST: usize = 32;

/// A value of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `"text"`
    Text(String),
    /// `12`, `1.5`, `1e3`
    Number(f64),
    /// `on`, `off`, `true`, `false`
    Bool(bool),
    /// `[1, 2]`
    List(Vec<Value>),
}

/// What stands in the file, by key.
pub type Values = BTreeMap<String, Value>;

/// Why a file cannot be used, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub String);

/// What the file may refer to.
pub struct Outside<'a> {
    /// The text of a file.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// An environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

#[derive(Debug)]
enum Directive {
    Bind(String, Value),
    Group(String, Vec<Directive>),
    Import(String),
    Comment,
}

/// Reads a file and those that it imports.
///
/// # Errors
/// If one cannot be read, does not parse, or refers to a variable that does not exist.
pub fn load(path: &Path, outside: &Outside<'_>) -> Result<Values, FileError> {
    let mut values = Values::new();
    import(path, "", &mut values, outside, 0)?;
    Ok(values)
}

fn import(
    path: &Path,
    prefix: &str,
    values: &mut Values,
    outside: &Outside<'_>,
    depth: usize,
) -> Result<(), FileError> {
    let name = path.display();
    if depth > DEEPEST_IMPORT {
        return Err(FileError(format!("{name}: imports go too deep")));
    }
    let text = (outside.read)(path).map_err(|error| FileError(format!("{name}: {error}")))?;
    let directives = top_level.parse(text.as_str()).map_err(|error| {
        let before = text.get(..error.offset()).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let wanted = error.inner().to_string().replace('\n', ", ");
        FileError(format!("{name}:{line}:{column}: {wanted}"))
    })?;
    apply(&directives, path, prefix, values, outside, depth)
}

fn apply(
    directives: &[Directive],
    path: &Path,
    prefix: &str,
    values: &mut Values,
    outside: &Outside<'_>,
    depth: usize,
) -> Result<(), FileError> {
    for directive in directives {
        match directive {
            Directive::Bind(key, value) => {
                let key = format!("{prefix}{key}");
                let value = match value {
                    Value::Text(text) => {
                        Value::Text(interpolated(text, &key, prefix, values, outside)?)
                    }
                    other => other.clone(),
                };
                values.insert(key, value);
            }
            Directive::Group(key, inner) => {
                let prefix = format!("{prefix}{key}.");
                apply(inner, path, &prefix, values, outside, depth)?;
            }
            Directive::Import(relative) => {
                let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
                import(&folder.join(relative), prefix, values, outside, depth + 1)?;
            }
            Directive::Comment => {}
        }
    }
    Ok(())
}

/// `$$` is a dollar sign; `$(NAME)` another key of the file, or an environment variable.
fn interpolated(
    text: &str,
    key: &str,
    prefix: &str,
    values: &Values,
    outside: &Outside<'_>,
) -> Result<String, FileError> {
    let wrong = |what: String| FileError(format!("<{key}>: {what}"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = after
            .strip_prefix('(')
            .and_then(|text| text.split_once(')'))
        else {
            return Err(wrong(
                "a '$' stands alone: write '$$' for a dollar sign, '$(NAME)' for a variable"
                    .to_owned(),
            ));
        };
        match scoped(name, prefix, values) {
            Some(Value::Text(text)) => out.push_str(text),
            Some(Value::Number(number)) => out.push_str(&number.to_string()),
            Some(_) => {
                return Err(wrong(format!(
                    "variable '{name}' is not a string or number"
                )));
            }
            None => match (outside.variable)(name) {
                Some(text) => out.push_str(&text),
                None => return Err(wrong(format!("no such variable: '{name}'"))),
            },
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// A key seen from inside a group: the nearest of that name.
fn scoped<'a>(name: &str, prefix: &str, values: &'a Values) -> Option<&'a Value> {
    let mut scope = prefix;
    loop {
        if let Some(value) = values.get(&format!("{scope}{name}")) {
            return Some(value);
        }
        let inner = scope.strip_suffix('.')?;
        scope = inner.rfind('.').map_or("", |dot| &inner[..=dot]);
    }
}

fn top_level(input: &mut &str) -> ModalResult<Vec<Directive>> {
    delimited(space, |input: &mut &str| directives(input, 0), eof)
        .context(expected("a key"))
        .parse_next(input)
}

fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

fn too_deep() -> ErrMode<ContextError> {
    ErrMode::Cut(ContextError::new())
}

/// Runs `parser`, with errors of the kind that all parts of the grammar have.
fn take<'i, O>(
    input: &mut &'i str,
    mut parser: impl ModalParser<&'i str, O, ContextError>,
) -> ModalResult<O> {
    parser.parse_next(input)
}

fn directives(input: &mut &str, depth: usize) -> ModalResult<Vec<Directive>> {
    if depth > DEEPEST_LIST {
        return Err(too_deep());
    }
    let mut found = Vec::new();
    while let Some(one) = take(input, opt(|input: &mut &str| directive(input, depth)))? {
        found.push(one);
        blank(input)?;
        if take(input, opt(line_ending))?.is_none() {
            break;
        }
        space(input)?;
    }
    space(input)?;
    Ok(found)
}

fn directive(input: &mut &str, depth: usize) -> ModalResult<Directive> {
    if depth > DEEPEST_LIST {
        return Err(too_deep());
    }
    if take(input, opt("#;"))?.is_some() {
        blank(input)?;
        let inside = |input: &mut &str| directive(input, depth + 1);
        return take(input, cut_err(inside).map(|_| Directive::Comment));
    }
    if take(
        input,
        opt(("import", not(one_of(in_key)), space, peek('"'))),
    )?
    .is_some()
    {
        return take(input, text.map(Directive::Import));
    }
    let key = identifier(input)?.to_owned();
    space(input)?;
    if take(input, opt('{'))?.is_some() {
        space(input)?;
        let inner = directives(input, depth + 1)?;
        take(input, cut_err('}').context(expected("'}'")))?;
        return Ok(Directive::Group(key, inner));
    }
    take(input, cut_err('=').context(expected("'='")))?;
    space(input)?;
    let wanted = expected("a value: \"text\", a number, true or false");
    let any_value = |input: &mut &str| value(input, 0);
    let value = take(input, cut_err(any_value).context(wanted))?;
    Ok(Directive::Bind(key, value))
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn in_key(c: char) -> bool {
    in_word(c) || c == '.'
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

fn identifier<'i>(input: &mut &'i str) -> ModalResult<&'i str> {
    fn word(input: &mut &str) -> ModalResult<()> {
        (one_of(is_letter), take_while(0.., in_word))
            .void()
            .parse_next(input)
    }
    fn words(input: &mut &str) -> ModalResult<()> {
        word(input)?;
        repeat(0.., ('.', word).void()).parse_next(input)
    }
    words.take().parse_next(input)
}

fn value(input: &mut &str, depth: usize) -> ModalResult<Value> {
    if depth > DEEPEST_LIST {
        return Err(too_deep());
    }
    if take(input, opt('['))?.is_some() {
        return list(input, depth).map(Value::List);
    }
    alt((
        alt(("on", "true")).value(Value::Bool(true)),
        alt(("off", "false")).value(Value::Bool(false)),
        text.map(Value::Text),
        number.map(Value::Number),
    ))
    .parse_next(input)
}

/// The rest of a list, behind its bracket.
fn list(input: &mut &str, depth: usize) -> ModalResult<Vec<Value>> {
    let mut values = Vec::new();
    space(input)?;
    if take(input, opt(']'))?.is_some() {
        return Ok(values);
    }
    loop {
        values.push(value(input, depth + 1)?);
        space(input)?;
        if take(input, alt((',', ']')))? == ']' {
            return Ok(values);
        }
        space(input)?;
    }
}

fn digits(input: &mut &str) -> ModalResult<()> {
    take_while(1.., |c: char| c.is_ascii_digit())
        .void()
        .parse_next(input)
}

fn number(input: &mut &str) -> ModalResult<f64> {
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits);
    let number = (digits, opt(('.', digits)), opt(exponent)).take();
    take(input, number.parse_to())
}

fn text(input: &mut &str) -> ModalResult<String> {
    take(input, '"')?;
    let mut out = String::new();
    loop {
        out.push_str(take(input, take_till(0.., ['"', '\\']))?);
        let closing = expected("the closing '\"'");
        if take(input, cut_err(any).context(closing))? == '"' {
            return Ok(out);
        }
        let wanted = expected("an escape: n, t, r, \", \\ or uXXXX");
        out.push(take(input, cut_err(escape).context(wanted))?);
    }
}

fn escape(input: &mut &str) -> ModalResult<char> {
    Ok(
        match take(input, one_of(['n', 't', 'r', '"', '\\', 'u']))? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'u' => return unicode(input),
            other => other,
        },
    )
}

/// Four hexadecimal digits, or two times four for what UTF-16 writes as a pair.
fn unicode(input: &mut &str) -> ModalResult<char> {
    fn quad(input: &mut &str) -> ModalResult<u16> {
        take_while(4..=4, |c: char| c.is_ascii_hexdigit())
            .verify_map(|digits: &str| u16::from_str_radix(digits, 16).ok())
            .parse_next(input)
    }
    let first = quad(input)?;
    let mut units = vec![first];
    if (0xd800..=0xdfff).contains(&first) {
        take(input, "\\u")?;
        units.push(quad(input)?);
    }
    match char::decode_utf16(units).next() {
        Some(Ok(c)) => Ok(c),
        _ => Err(ErrMode::Cut(ContextError::new())),
    }
}

/// White space and comments, over lines.
fn space(input: &mut &str) -> ModalResult<()> {
    let comment = (('#', not(';')), take_till(0.., ['\r', '\n'])).void();
    let blanks = take_while(1.., char::is_whitespace).void();
    repeat(0.., alt((blanks, comment))).parse_next(input)
}

/// White space and a comment, to the end of the line.
fn blank(input: &mut &str) -> ModalResult<()> {
    let comment = ('#', take_till(0.., ['\r', '\n'])).void();
    let blanks = take_while(1.., [' ', '\t']).void();
    repeat(0.., alt((blanks, comment))).parse_next(input)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(main: &str, other: &str) -> Result<Values, FileError> {
        let outside = Outside {
            read: &|path| match path.to_str() {
                Some("dir/main.conf") => Ok(main.to_owned()),
                Some("dir/other.conf") => Ok(other.to_owned()),
                _ => Err(std::io::ErrorKind::NotFound.into()),
            },
            variable: &|name| (name == "SECRET").then(|| "from outside".to_owned()),
        };
        load(Path::new("dir/main.conf"), &outside)
    }

    fn text(values: &Values, key: &str) -> String {
        match values.get(key) {
            Some(Value::Text(text)) => text.clone(),
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn the_whole_syntax() {
        let values = parse(
            r##"
            # a comment
            db-uri = "postgres://a:b@c/d"   # another
            server-port=3000
            db-plan-enabled = on
            openapi-security-active = false
            #; ignored = "whole"
            app.settings.jwt_secret = "$(SECRET)"
            app { settings { a = "1" b-c = "$(a)$$" } }
            price = 1.5e1
            list = [ 1, "two", [true] ,]
            "##,
            "",
        );
        assert!(values.is_err(), "a comma ends no list: {values:?}");
        let values = parse(
            "# a comment\ndb-uri = \"postgres://a:b@c/d\"   # another\nserver-port=3000\n\
             db-plan-enabled = on\nopenapi-security-active =\n  false\n#; ignored = \"whole\"\n\
             app.settings.jwt_secret = \"$(SECRET)\"\n\
             app {\n settings {\n  a = \"1\"\n  b-c = \"$(a)$$\"\n }\n}\n\
             price = 1.5e1\nlist = [ 1, \"two\", [true] ]\nimport \"other.conf\"\n",
            "escapes = \"a\\n\\\"\\\\\\u00e9\\ud83d\\ude00\"\nimported = 1\n",
        )
        .unwrap();
        assert_eq!(text(&values, "db-uri"), "postgres://a:b@c/d");
        assert_eq!(values["server-port"], Value::Number(3000.0));
        assert_eq!(values["db-plan-enabled"], Value::Bool(true));
        assert_eq!(values["openapi-security-active"], Value::Bool(false));
        assert!(!values.contains_key("ignored"));
        assert_eq!(text(&values, "app.settings.jwt_secret"), "from outside");
        assert_eq!(text(&values, "app.settings.b-c"), "1$");
        assert_eq!(values["price"], Value::Number(15.0));
        let nested = Value::List(vec![Value::Bool(true)]);
        let list = vec![Value::Number(1.0), Value::Text("two".to_owned()), nested];
        assert_eq!(values["list"], Value::List(list));
        assert_eq!(text(&values, "escapes"), "a\n\"\\é😀");
        assert_eq!(values["imported"], Value::Number(1.0));
    }

    #[test]
    fn what_does_not_parse_is_named_with_its_place() {
        for (file, place) in [
            ("a = 1\nb = \"open\nc = 2", "main.conf:3:6"),
            ("a = 1\n= 2", "main.conf:2:1"),
            ("a 1", "main.conf:1:3"),
            ("a = unquoted", "main.conf:1:5"),
            ("a = 'single'", "main.conf:1:5"),
            ("a = \"\\x\"", "main.conf:1:7"),
            ("a = \"$role\"", "<a>: a '$' stands alone"),
            ("a = \"$(NONE)\"", "no such variable: 'NONE'"),
            ("import \"none.conf\"", "dir/none.conf: "),
            ("import \"main.conf\"", "imports go too deep"),
        ] {
            let error = parse(file, "").unwrap_err().to_string();
            assert!(error.contains(place), "{file:?}: {error}");
        }
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(parse(&deep, "").is_err());
        let deep = "a {".repeat(100_000);
        assert!(parse(&deep, "").is_err());
        let deep = "#;".repeat(100_000);
        assert!(parse(&deep, "").is_err());
    }

    proptest! {
        #[test]
        fn no_file_panics(file in "\\PC*") {
            let _ = parse(&file, "");
        }

        #[test]
        fn texts_come_back(content in "[^\"\\\\$]*") {
            let values = parse(&format!("key = \"{content}\""), "").unwrap();
            prop_assert_eq!(text(&values, "key"), content);
        }
    }
}
