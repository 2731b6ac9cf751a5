//! `jwt-role-claim-key`: where in the claims the role stands. JSONPath as RFC 9535 has it, or the
//! older syntax of PostgREST up to 14 (`.roles[0]."a key"`, `.roles[?(@ ^== "web")]` at the end).

use serde_json::Value;
use serde_json_path::JsonPath;
use winnow::combinator::{alt, delimited, eof, preceded, repeat, terminated};
use winnow::prelude::*;
use winnow::token::{take_till, take_while};

/// Where the role stands.
#[derive(Debug, Clone, PartialEq)]
pub enum RoleClaim {
    /// RFC 9535: the first of the values found.
    JsonPath {
        /// As it was given.
        text: String,
        /// As it was understood.
        path: JsonPath,
    },
    /// The older syntax.
    Older(Vec<Step>),
}

/// A step of the older syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.key`, `."a key"`
    Key(String),
    /// `[0]`
    Index(usize),
    /// `[?(@ == "text")]`: the first element of which it holds.
    Find(Test, String),
}

/// What an element is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `==`
    Equals,
    /// `!=`
    Differs,
    /// `^==`
    StartsWith,
    /// `==^`
    EndsWith,
    /// `*==`
    Contains,
}

impl Test {
    const ALL: [(Self, &'static str); 5] = [
        (Self::EndsWith, "==^"),
        (Self::Equals, "=="),
        (Self::Differs, "!="),
        (Self::StartsWith, "^=="),
        (Self::Contains, "*=="),
    ];

    fn sign(self) -> &'static str {
        let found = Self::ALL.iter().find(|(test, _)| *test == self);
        found.map_or("", |(_, sign)| sign)
    }

    fn holds(self, element: &str, text: &str) -> bool {
        match self {
            Self::Equals => element == text,
            Self::Differs => element != text,
            Self::StartsWith => element.starts_with(text),
            Self::EndsWith => element.ends_with(text),
            Self::Contains => element.contains(text),
        }
    }
}

impl Default for RoleClaim {
    fn default() -> Self {
        match Self::parse("$.role") {
            Ok(claim) => claim,
            Err(_) => Self::Older(vec![Step::Key("role".to_owned())]),
        }
    }
}

impl RoleClaim {
    /// Reads either syntax.
    ///
    /// # Errors
    /// In words, where it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = match JsonPath::parse(text) {
            Ok(path) => {
                let text = text.to_owned();
                return Ok(Self::JsonPath { text, path });
            }
            Err(error) => error,
        };
        match older.parse(text) {
            Ok(steps) => Ok(Self::Older(steps)),
            Err(_) => Err(format!(
                "failed to parse role-claim-key value ({text}): {refused}"
            )),
        }
    }

    /// The value that stands there.
    pub fn find<'v>(&self, claims: &'v Value) -> Option<&'v Value> {
        match self {
            Self::JsonPath { path, .. } => path.query(claims).first(),
            Self::Older(steps) => steps.iter().try_fold(claims, |value, step| match step {
                Step::Key(key) => value.as_object()?.get(key),
                Step::Index(index) => value.as_array()?.get(*index),
                Step::Find(test, text) => value.as_array()?.iter().find(|element| {
                    element
                        .as_str()
                        .is_some_and(|element| test.holds(element, text))
                }),
            }),
        }
    }

    /// It is written in the older syntax.
    pub fn is_older(&self) -> bool {
        matches!(self, Self::Older(_))
    }

    /// As a configuration file would say it, but for the quotes around it.
    pub fn dump(&self) -> String {
        match self {
            Self::JsonPath { text, .. } => text.replace('$', "$$").replace('"', "\\\""),
            Self::Older(steps) => steps.iter().map(Step::dump).collect(),
        }
    }
}

impl Step {
    fn dump(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Key(key) => format!(".{}", quoted(key)),
            Self::Index(index) => format!("[{index}]"),
            Self::Find(test, text) => format!("[?(@ {} {})]", test.sign(), quoted(text)),
        }
    }
}

fn older(input: &mut &str) -> ModalResult<Vec<Step>> {
    // A condition is the last step.
    let find = terminated(condition, eof);
    repeat(1.., alt((key, index, find))).parse_next(input)
}

fn quoted<'i>(input: &mut &'i str) -> ModalResult<&'i str> {
    delimited('"', take_till(0.., '"'), '"').parse_next(input)
}

fn key(input: &mut &str) -> ModalResult<Step> {
    let bare = take_while(1.., |c: char| c.is_alphanumeric() || "_$@".contains(c));
    preceded('.', alt((quoted, bare)))
        .map(|key: &str| Step::Key(key.to_owned()))
        .parse_next(input)
}

fn index(input: &mut &str) -> ModalResult<Step> {
    let digits = take_while(1.., |c: char| c.is_ascii_digit());
    delimited('[', digits.parse_to(), ']')
        .map(Step::Index)
        .parse_next(input)
}

fn condition(input: &mut &str) -> ModalResult<Step> {
    fn spaces(input: &mut &str) -> ModalResult<()> {
        take_while(0.., char::is_whitespace)
            .void()
            .parse_next(input)
    }
    fn test(input: &mut &str) -> ModalResult<Test> {
        let [ends, equals, differs, starts, contains] = Test::ALL;
        let one = |(test, sign): (Test, &'static str)| sign.value(test);
        alt((
            one(ends),
            one(equals),
            one(differs),
            one(starts),
            one(contains),
        ))
        .parse_next(input)
    }
    let inside = ('@', spaces, test, spaces, quoted);
    delimited("[?(", inside, ")]")
        .map(|(_, (), test, (), text)| Step::Find(test, text.to_owned()))
        .parse_next(input)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_syntaxes_find_the_role() {
        let claims = json!({
            "role": "plain",
            "postgrest": {"roles": ["other", "author"]},
            "https://www.example.com/role": {"key": "elsewhere"},
            "nothing": null,
        });
        for (path, role) in [
            ("$.role", json!("plain")),
            ("$.postgrest.roles[1]", json!("author")),
            ("$['https://www.example.com/role'].key", json!("elsewhere")),
            ("$.postgrest.roles[?(@ == 'author')]", json!("author")),
            ("$.postgrest.roles[?search(@, '^au')]", json!("author")),
            ("$.postgrest.roles[*]", json!("other")),
            (".role", json!("plain")),
            (".postgrest.roles[1]", json!("author")),
            (".\"https://www.example.com/role\".key", json!("elsewhere")),
            (".postgrest.roles[?(@ ^== \"au\")]", json!("author")),
            (".postgrest.roles[?(@ ==^ \"or\")]", json!("author")),
            (".postgrest.roles[?(@ *== \"the\")]", json!("other")),
            (".postgrest.roles[?(@ != \"other\")]", json!("author")),
            (".nothing", json!(null)),
        ] {
            let claim = RoleClaim::parse(path).unwrap();
            assert_eq!(claim.find(&claims), Some(&role), "{path}");
            assert_eq!(claim.is_older(), path.starts_with('.'), "{path}");
        }
        for path in [
            "$.none",
            "$.postgrest.roles[7]",
            ".none.more",
            ".postgrest.roles[7]",
        ] {
            assert_eq!(
                RoleClaim::parse(path).unwrap().find(&claims),
                None,
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for path in [
            "role",
            "$.",
            ".",
            ".roles[?(@ == \"a\")].more",
            ".a[",
            "$[?(@.a ==",
            "",
        ] {
            assert!(RoleClaim::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn dumps_can_stand_in_a_file() {
        let dump = |path| RoleClaim::parse(path).unwrap().dump();
        assert_eq!(dump("$.a[\"b\"]"), "$$.a[\\\"b\\\"]");
        assert_eq!(dump(".a[0][?(@ == \"x\")]"), ".\"a\"[0][?(@ == \"x\")]");
        assert_eq!(RoleClaim::default().dump(), "$$.role");
    }
}
