//! Templates of mails: the part of Go's `html/template` that mail templates use, since the texts
//! that people bring along from GoTrue are written in it.
//!
//! Understood are `{{ .Email }}` and deeper paths (`.Data.name`), `$` for the whole data, texts in
//! quotes, numbers, `true` and `false`; `if`, `else if`, `else`, `with`, `range`, `end`; the
//! functions `eq`, `ne`, `and`, `or`, `not`, `urlquery`, pipes (`|`) and parentheses; comments, and
//! the trimming of white space by `{{-` and `-}}`. What is absent prints nothing. Values are
//! escaped for the place where they stand, by [`super::escape`]. There are no definitions and no
//! assignments, so that every template ends.

mod blocks;
mod expression;
mod pieces;

use serde_json::Value;

use self::blocks::Blocks;
use self::expression::{Expression, is_true, shown};
use super::escape::{Html, Sink};

/// Longest template in bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// Longest mail in bytes: `range` may repeat.
const MAX_OUTPUT: usize = 1024 * 1024;
/// How many pieces a mail may be put together from: loops may go round without writing.
const MAX_STEPS: usize = 200_000;
/// How deep blocks and parentheses may nest.
const MAX_DEPTH: usize = 32;

/// A template that was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Template(Vec<Node>);

/// Why a template cannot be read or rendered, in words for its author.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the template is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("line {0}: \"{{{{\" without \"}}}}\"")]
    Unclosed(usize),
    #[error("line {line}: {words}")]
    Syntax { line: usize, words: String },
    #[error("the mail would be longer than {MAX_OUTPUT} bytes")]
    OutputTooLong,
    #[error("the template repeats too much")]
    TooManySteps,
}

#[derive(Debug, PartialEq)]
enum Node {
    Text(String),
    Print(Expression),
    /// Conditions with their parts, the last without one.
    If(Vec<(Option<Expression>, Vec<Node>)>),
    With(Expression, Vec<Node>, Vec<Node>),
    Range(Expression, Vec<Node>, Vec<Node>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Where it is wrong, by line.
    pub(crate) fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_BYTES {
            return Err(TemplateError::TooLong);
        }
        Ok(Self(Blocks::all(source)?))
    }

    /// The text as HTML, values escaped.
    ///
    /// # Errors
    /// If it becomes too long.
    pub(crate) fn html(&self, data: &Value) -> Result<String, TemplateError> {
        let mut sink = Html::default();
        render(&self.0, data, data, &mut sink, &mut 0)?;
        Ok(sink.into_text())
    }

    /// The text as one line of plain text: a subject.
    ///
    /// # Errors
    /// If it becomes too long.
    pub(crate) fn line(&self, data: &Value) -> Result<String, TemplateError> {
        let mut text = String::new();
        render(&self.0, data, data, &mut text, &mut 0)?;
        let line = text.replace(|c: char| c.is_control(), " ");
        Ok(line.trim().to_owned())
    }
}

fn syntax(line: usize, words: impl Into<String>) -> TemplateError {
    TemplateError::Syntax {
        line,
        words: words.into(),
    }
}

fn render(
    nodes: &[Node],
    root: &Value,
    dot: &Value,
    sink: &mut impl Sink,
    steps: &mut usize,
) -> Result<(), TemplateError> {
    for node in nodes {
        if sink.written() > MAX_OUTPUT {
            return Err(TemplateError::OutputTooLong);
        }
        *steps += 1;
        if *steps > MAX_STEPS {
            return Err(TemplateError::TooManySteps);
        }
        match node {
            Node::Text(text) => sink.text(text),
            Node::Print(value) => sink.value(&shown(&value.of(root, dot))),
            Node::If(branches) => {
                let chosen = branches.iter().find(|(condition, _)| {
                    condition.as_ref().is_none_or(|c| is_true(&c.of(root, dot)))
                });
                if let Some((_, nodes)) = chosen {
                    render(nodes, root, dot, sink, steps)?;
                }
            }
            Node::With(value, inside, otherwise) => match value.of(root, dot) {
                value if is_true(&value) => render(inside, root, &value, sink, steps)?,
                _ => render(otherwise, root, dot, sink, steps)?,
            },
            Node::Range(value, inside, otherwise) => {
                let items: Vec<Value> = match value.of(root, dot) {
                    Value::Array(items) => items,
                    Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
                    _ => Vec::new(),
                };
                *steps += items.len();
                if items.is_empty() {
                    render(otherwise, root, dot, sink, steps)?;
                }
                for item in &items {
                    render(inside, root, item, sink, steps)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn html(source: &str, data: &Value) -> String {
        Template::parse(source).unwrap().html(data).unwrap()
    }

    #[test]
    fn variables_conditions_and_loops_are_those_of_go() {
        let data = json!({
            "Email": "a@b.cn", "Token": "123456",
            "Data": {"name": "小明 <b>", "lang": "zh", "tags": ["x", "y"], "n": 2},
        });
        let cases = [
            ("<p>{{ .Token }}</p>", "<p>123456</p>"),
            ("{{.Data.name}}", "小明 &lt;b&gt;"),
            ("[{{ .Data.absent.deeper }}]", "[]"),
            (
                "{{ if eq .Data.lang \"zh\" }}你好{{ else }}hello{{ end }}",
                "你好",
            ),
            (
                "{{ if .Absent }}a{{ else if .Token }}b{{ else }}c{{ end }}",
                "b",
            ),
            ("{{ if and .Token (not .Absent) }}y{{ end }}", "y"),
            ("{{ or .Absent \"nobody\" }}", "nobody"),
            ("{{ if ne .Data.n 2 }}a{{ else }}b{{ end }}", "b"),
            (
                "{{ with .Data }}{{ .lang }} {{ $.Token }}{{ end }}",
                "zh 123456",
            ),
            ("{{ with .Absent }}a{{ else }}b{{ end }}", "b"),
            (
                "{{ range .Data.tags }}<i>{{ . }}</i>{{ end }}",
                "<i>x</i><i>y</i>",
            ),
            ("{{ .Email | urlquery }}", "a%40b.cn"),
            ("a {{- /* note */ -}} b", "ab"),
            ("a\n{{- .Token -}}\n b", "a123456b"),
            ("{{ \"}}\" }}", "}}"),
        ];
        for (source, wanted) in cases {
            assert_eq!(html(source, &data), wanted, "{source}");
        }
    }

    #[test]
    fn a_wrong_template_says_where() {
        for (source, words) in [
            ("a\n{{ .Token", "line 2: \"{{\" without \"}}\""),
            ("{{ if .A }}x", "line 1: \"if\" without \"end\""),
            ("x{{ end }}", "line 1: unexpected {{end}}"),
            (
                "\n\n{{ shout .A }}",
                "line 3: there is no function \"shout\"",
            ),
            (
                "{{ template \"x\" }}",
                "line 1: \"template\" is not supported",
            ),
            ("{{ eq .A }}", "line 1: eq does not take 1 values"),
            ("{{ .A.1 }}", "line 1: \".A.1\" is no variable"),
            ("{{ }}", "line 1: a value is missing"),
            ("{{ (.A }}", "line 1: \"(\" without \")\""),
        ] {
            let error = Template::parse(source).unwrap_err();
            assert_eq!(error.to_string(), words, "{source}");
        }
        let deep = "{{ if .A }}".repeat(100);
        assert!(Template::parse(&deep).is_err());
        let deep = format!("{{{{ {} }}}}", "(".repeat(100_000));
        assert!(Template::parse(&deep).is_err());
    }

    #[test]
    fn a_template_cannot_fill_the_memory() {
        let many: Vec<Value> = (0..500).map(Value::from).collect();
        let data = json!({"Data": {"a": many}});
        let source = "{{ range $.Data.a }}{{ range $.Data.a }}{{ range $.Data.a }}x{{ end }}{{ end }}{{ end }}";
        let template = Template::parse(source).unwrap();
        assert_eq!(template.html(&data), Err(TemplateError::TooManySteps));
        let long = "x".repeat(5000);
        let source = format!("{{{{ range .Data.a }}}}{long}{{{{ end }}}}");
        let template = Template::parse(&source).unwrap();
        assert_eq!(template.html(&data), Err(TemplateError::OutputTooLong));
    }

    #[test]
    fn a_subject_is_one_line_of_plain_text() {
        let template = Template::parse("{{ .Token }} & {{ .Data.name }}\n").unwrap();
        let data = json!({"Token": 1, "Data": {"name": "a\r\nBcc: x <y>"}});
        assert_eq!(template.line(&data).unwrap(), "1 & a  Bcc: x <y>");
    }
}
