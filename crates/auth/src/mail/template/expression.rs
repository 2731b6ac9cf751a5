//! The inside of an action: values, paths and functions; how they are read and what they come to.

use serde_json::Value;

use super::{MAX_DEPTH, TemplateError, syntax};

/// Something with a value.
#[derive(Debug, PartialEq)]
pub(super) enum Expression {
    Path { of_root: bool, keys: Vec<String> },
    Constant(Value),
    Call(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Eq,
    Ne,
    And,
    Or,
    Not,
    UrlQuery,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "urlquery" => Self::UrlQuery,
            _ => return None,
        })
    }

    fn takes(self, arguments: usize) -> bool {
        match self {
            Self::Eq => arguments >= 2,
            Self::Ne => arguments == 2,
            Self::And | Self::Or => arguments >= 1,
            Self::Not | Self::UrlQuery => arguments == 1,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Pipe,
    Path(String),
    Word(String),
    Constant(Value),
}

fn tokens(source: &str, line: usize) -> Result<Vec<Token>, TemplateError> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let plain =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | '`'));
        let (token, used) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '|' => (Token::Pipe, 1),
            '`' => {
                let end = rest[1..]
                    .find('`')
                    .ok_or_else(|| syntax(line, "a quote is open"))?;
                (Token::Constant(Value::from(&rest[1..=end])), end + 2)
            }
            '"' => {
                let end = end_of_text(rest).ok_or_else(|| syntax(line, "a quote is open"))?;
                let text: String = serde_json::from_str(&rest[..end])
                    .map_err(|_| syntax(line, format!("{} is no text", &rest[..end])))?;
                (Token::Constant(Value::String(text)), end)
            }
            _ => {
                let end = plain.unwrap_or(rest.len());
                (word(&rest[..end], line)?, end)
            }
        };
        tokens.push(token);
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn word(text: &str, line: usize) -> Result<Token, TemplateError> {
    if text.starts_with(['.', '$']) {
        return Ok(Token::Path(text.to_owned()));
    }
    match text {
        "true" => return Ok(Token::Constant(Value::Bool(true))),
        "false" => return Ok(Token::Constant(Value::Bool(false))),
        _ => {}
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let number: serde_json::Number = text
            .parse()
            .map_err(|_| syntax(line, format!("{text} is no number")))?;
        return Ok(Token::Constant(Value::Number(number)));
    }
    Ok(Token::Word(text.to_owned()))
}

/// Reads the inside of an action.
pub(super) fn expression(source: &str, line: usize) -> Result<Expression, TemplateError> {
    let tokens = tokens(source, line)?;
    let mut reader = Reader {
        tokens: &tokens,
        line,
        depth: 0,
    };
    let value = reader.pipeline()?;
    if reader.tokens.is_empty() {
        Ok(value)
    } else {
        Err(syntax(line, format!("cannot read {source:?}")))
    }
}

struct Reader<'t> {
    tokens: &'t [Token],
    line: usize,
    depth: usize,
}

impl Reader<'_> {
    fn pipeline(&mut self) -> Result<Expression, TemplateError> {
        let mut value = self.command(None)?;
        while let [Token::Pipe, rest @ ..] = self.tokens {
            self.tokens = rest;
            value = self.command(Some(value))?;
        }
        Ok(value)
    }

    /// A value, or a function with its arguments; `piped` is the last of them.
    fn command(&mut self, piped: Option<Expression>) -> Result<Expression, TemplateError> {
        let [Token::Word(name), rest @ ..] = self.tokens else {
            return match piped {
                None => self.operand(),
                Some(_) => Err(syntax(self.line, "only a function may follow \"|\"")),
            };
        };
        let unknown = || syntax(self.line, format!("there is no function {name:?}"));
        let function = Function::named(name).ok_or_else(unknown)?;
        self.tokens = rest;
        let mut arguments = Vec::new();
        while !matches!(self.tokens, [] | [Token::Pipe | Token::Close, ..]) {
            arguments.push(self.operand()?);
        }
        arguments.extend(piped);
        if !function.takes(arguments.len()) {
            let words = format!("{name} does not take {} values", arguments.len());
            return Err(syntax(self.line, words));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn operand(&mut self) -> Result<Expression, TemplateError> {
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err(syntax(self.line, "a value is missing"));
        };
        self.tokens = rest;
        match first {
            Token::Constant(value) => Ok(Expression::Constant(value.clone())),
            Token::Path(text) => self.path(text),
            Token::Open => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(syntax(self.line, "parentheses nest too deep"));
                }
                let value = self.pipeline()?;
                let [Token::Close, rest @ ..] = self.tokens else {
                    return Err(syntax(self.line, "\"(\" without \")\""));
                };
                self.tokens = rest;
                self.depth -= 1;
                Ok(value)
            }
            Token::Word(name) => Err(syntax(self.line, format!("{name:?} is no value"))),
            Token::Close | Token::Pipe => Err(syntax(self.line, "a value is missing")),
        }
    }

    fn path(&self, text: &str) -> Result<Expression, TemplateError> {
        let (of_root, path) = match text.strip_prefix('$') {
            Some(path) => (true, path),
            None => (false, text),
        };
        let keys: Vec<String> = match path {
            "" | "." => Vec::new(),
            _ => path
                .trim_start_matches('.')
                .split('.')
                .map(str::to_owned)
                .collect(),
        };
        let good = |key: &String| {
            key.chars().all(|c| c.is_alphanumeric() || c == '_')
                && key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        };
        if keys.iter().all(good) && (path.is_empty() || path.starts_with('.')) {
            Ok(Expression::Path { of_root, keys })
        } else {
            Err(syntax(self.line, format!("{text:?} is no variable")))
        }
    }
}

impl Expression {
    /// The value, where `dot` is at hand and `root` around everything.
    pub(super) fn of(&self, root: &Value, dot: &Value) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Path { of_root, keys } => {
                let start = if *of_root { root } else { dot };
                let found = keys.iter().try_fold(start, |value, key| value.get(key));
                found.cloned().unwrap_or(Value::Null)
            }
            Self::Call(function, arguments) => {
                let mut values = arguments.iter().map(|argument| argument.of(root, dot));
                match function {
                    Function::Eq => {
                        let first = values.next();
                        Value::Bool(values.any(|value| Some(value) == first))
                    }
                    Function::Ne => Value::Bool(values.next() != values.next()),
                    Function::And => settled(values, |value| !is_true(value)),
                    Function::Or => settled(values, is_true),
                    Function::Not => Value::Bool(!values.next().is_some_and(|v| is_true(&v))),
                    Function::UrlQuery => {
                        let text = shown(&values.next().unwrap_or(Value::Null));
                        Value::String(
                            url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
                        )
                    }
                }
            }
        }
    }
}

/// The first value that decides, else the last.
fn settled(values: impl Iterator<Item = Value>, decides: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for value in values {
        if decides(&value) {
            return value;
        }
        last = value;
    }
    last
}

/// What counts as true: what is not empty, zero or absent.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A value as it is printed.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
