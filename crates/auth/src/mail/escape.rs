//! Values in HTML, escaped for the place where they stand, as Go's `html/template` does: in text
//! and attributes by entities, in the query of an address by percent signs; an address that a value
//! begins may not run a script.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What rendering writes to.
pub(super) trait Sink {
    /// A piece of the template itself.
    fn text(&mut self, text: &str);
    /// A value.
    fn value(&mut self, value: &str);
    /// Bytes written so far.
    fn written(&self) -> usize;
}

/// Plain text.
impl Sink for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn value(&mut self, value: &str) {
        self.push_str(value);
    }

    fn written(&self) -> usize {
        self.len()
    }
}

/// What may stand in a query as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Go's mark in place of an address that is refused.
const REFUSED: &str = "#ZgotmplZ";

/// Where the next byte stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// Inside `<…>`; the name of the attribute that is being written.
    Tag(String),
    /// Inside a quoted value.
    Attribute {
        quote: char,
        /// It is an address, with what has been written of it.
        address: Option<String>,
    },
}

/// HTML with what is known of the place that has been reached.
#[derive(Debug, Default)]
pub(super) struct Html {
    text: String,
    place: Place,
}

impl Html {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn step(&mut self, c: char) {
        match &mut self.place {
            Place::Text if c == '<' => self.place = Place::Tag(String::new()),
            Place::Text => {}
            Place::Tag(_) if c == '>' => self.place = Place::Text,
            Place::Tag(name) if matches!(c, '"' | '\'') => {
                let name = name.trim_end_matches('=').trim().to_ascii_lowercase();
                let is_address = matches!(name.as_str(), "href" | "src" | "action" | "background");
                self.place = Place::Attribute {
                    quote: c,
                    address: is_address.then(String::new),
                };
            }
            // White space ends a name, but for that around the equals sign.
            Place::Tag(name) if c.is_whitespace() && !name.ends_with('=') => name.clear(),
            Place::Tag(name) => name.push(c),
            Place::Attribute { quote, .. } if c == *quote => self.place = Place::Tag(String::new()),
            Place::Attribute { address, .. } => {
                if let Some(address) = address {
                    address.push(c);
                }
            }
        }
    }
}

impl Sink for Html {
    fn text(&mut self, text: &str) {
        text.chars().for_each(|c| self.step(c));
        self.text.push_str(text);
    }

    fn value(&mut self, value: &str) {
        let safe = match &mut self.place {
            Place::Attribute {
                address: Some(address),
                ..
            } => {
                let safe = in_address(value, address);
                address.push_str(&safe);
                entities(&safe)
            }
            _ => entities(value),
        };
        self.text.push_str(&safe);
    }

    fn written(&self) -> usize {
        self.text.len()
    }
}

fn in_address(value: &str, before: &str) -> String {
    if before.contains('?') || before.contains('#') {
        return utf8_percent_encode(value, QUERY).to_string();
    }
    let scheme = value.split_once(':').map(|(scheme, _)| scheme);
    let other = scheme.is_some_and(|scheme| {
        !scheme.contains(['/', '?', '#'])
            && !["http", "https", "mailto"].contains(&scheme.trim().to_ascii_lowercase().as_str())
    });
    if before.trim().is_empty() && other {
        return REFUSED.to_owned();
    }
    value.to_owned()
}

fn entities(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&#34;"),
            '\'' => safe.push_str("&#39;"),
            '\0' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::template::Template;
    use serde_json::json;

    #[test]
    fn values_are_escaped_for_their_place() {
        let data = json!({
            "Link": "https://a.cn/verify?token=x&type=signup",
            "Next": "https://b.cn/?a=1&b=2",
            "Bad": "javascript:alert(1)",
            "App": "myapp://done",
            "Name": "\"><script>",
        });
        for (source, wanted) in [
            (
                "<a href=\"{{ .Link }}\">{{ .Link }}</a>",
                "<a href=\"https://a.cn/verify?token=x&amp;type=signup\">https://a.cn/verify?token=x&amp;type=signup</a>",
            ),
            (
                "<a class='x' href='https://s.cn/c?h=1&next={{ .Next }}'>",
                "<a class='x' href='https://s.cn/c?h=1&next=https%3A%2F%2Fb.cn%2F%3Fa%3D1%26b%3D2'>",
            ),
            ("<a href=\"{{ .Bad }}\">", "<a href=\"#ZgotmplZ\">"),
            ("<a href=\"{{ .App }}\">", "<a href=\"#ZgotmplZ\">"),
            (
                "<a title=\"{{ .Bad }}\">",
                "<a title=\"javascript:alert(1)\">",
            ),
            (
                "<b title=\"{{ .Name }}\">{{ .Name }}</b>",
                "<b title=\"&#34;&gt;&lt;script&gt;\">&#34;&gt;&lt;script&gt;</b>",
            ),
        ] {
            let html = Template::parse(source).unwrap().html(&data).unwrap();
            assert_eq!(html, wanted);
        }
    }
}
