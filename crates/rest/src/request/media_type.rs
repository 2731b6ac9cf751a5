//! Media types and the `Accept` header.

use std::borrow::Cow;

/// What an execution plan is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanFormat {
    /// `application/vnd.pgrst.plan+json`
    Json,
    /// `application/vnd.pgrst.plan+text`
    Text,
}

/// Options of an execution plan, as EXPLAIN takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanOption {
    /// `analyze`
    Analyze,
    /// `verbose`
    Verbose,
    /// `settings`
    Settings,
    /// `buffers`
    Buffers,
    /// `wal`
    Wal,
}

impl PlanOption {
    const ALL: [Self; 5] = [
        Self::Analyze,
        Self::Verbose,
        Self::Settings,
        Self::Buffers,
        Self::Wal,
    ];

    /// As it is written in the media type; in EXPLAIN the same.
    pub fn name(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Verbose => "verbose",
            Self::Settings => "settings",
            Self::Buffers => "buffers",
            Self::Wal => "wal",
        }
    }
}

/// A media type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/geo+json`
    GeoJson,
    /// `text/csv`
    Csv,
    /// `text/plain`
    Plain,
    /// `text/xml`
    Xml,
    /// `application/openapi+json`
    OpenApi,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/octet-stream`
    OctetStream,
    /// `*/*`
    Any,
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    ArrayStripped,
    /// `application/vnd.pgrst.object+json`
    Singular {
        /// `nulls=stripped`
        stripped: bool,
    },
    /// `application/vnd.pgrst.plan`
    Plan {
        /// The answer it is the plan for.
        of: Box<MediaType>,
        /// How it is written.
        format: PlanFormat,
        /// What it contains.
        options: Vec<PlanOption>,
    },
    /// Anything else.
    Other(String),
}

impl MediaType {
    /// Reads a media type; what is not understood is [`MediaType::Other`].
    pub fn parse(text: &str) -> Self {
        let Some((main, sub, parameters)) = tokenize(text) else {
            return Self::Other(text.to_owned());
        };
        let parameter = |name: &str| {
            parameters
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let stripped = parameter("nulls") == Some("stripped");
        let plan = |format| {
            let options: Vec<_> = parameter("options")
                .unwrap_or_default()
                .split('|')
                .collect();
            let of = Self::parse(parameter("for").unwrap_or("application/json"));
            Self::Plan {
                of: Box::new(of),
                format,
                options: PlanOption::ALL
                    .into_iter()
                    .filter(|option| options.contains(&option.name()))
                    .collect(),
            }
        };
        match (main.as_str(), sub.as_str()) {
            ("application", "json") => Self::Json,
            ("application", "geo+json") => Self::GeoJson,
            ("text", "csv") => Self::Csv,
            ("text", "plain") => Self::Plain,
            ("text", "xml") => Self::Xml,
            ("application", "openapi+json") => Self::OpenApi,
            ("application", "x-www-form-urlencoded") => Self::Form,
            ("application", "octet-stream") => Self::OctetStream,
            ("application", "vnd.pgrst.plan" | "vnd.pgrst.plan+text") => plan(PlanFormat::Text),
            ("application", "vnd.pgrst.plan+json") => plan(PlanFormat::Json),
            ("application", "vnd.pgrst.object+json" | "vnd.pgrst.object") => {
                Self::Singular { stripped }
            }
            ("application", "vnd.pgrst.array+json" | "vnd.pgrst.array") => {
                if stripped {
                    Self::ArrayStripped
                } else {
                    Self::Json
                }
            }
            ("*", "*") => Self::Any,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// The type as it is written, without charset.
    pub fn mime(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Json => "application/json",
            Self::GeoJson => "application/geo+json",
            Self::Csv => "text/csv",
            Self::Plain => "text/plain",
            Self::Xml => "text/xml",
            Self::OpenApi => "application/openapi+json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::OctetStream => "application/octet-stream",
            Self::Any => "*/*",
            Self::ArrayStripped => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::Singular { stripped: true } => "application/vnd.pgrst.object+json;nulls=stripped",
            Self::Singular { stripped: false } => "application/vnd.pgrst.object+json",
            Self::Other(text) => text,
            Self::Plan {
                of,
                format,
                options,
            } => {
                let format = match format {
                    PlanFormat::Json => "json",
                    PlanFormat::Text => "text",
                };
                let mut mime =
                    format!("application/vnd.pgrst.plan+{format}; for=\"{}\"", of.mime());
                if !options.is_empty() {
                    let names: Vec<_> = options.iter().map(|option| option.name()).collect();
                    mime.push_str("; options=");
                    mime.push_str(&names.join("|"));
                }
                return Cow::Owned(mime);
            }
        })
    }

    /// The `Content-Type` header.
    pub fn content_type(&self) -> Cow<'_, str> {
        match self {
            Self::Json => Cow::Borrowed("application/json; charset=utf-8"),
            Self::OctetStream | Self::Other(_) => self.mime(),
            _ => Cow::Owned(format!("{}; charset=utf-8", self.mime())),
        }
    }
}

type Tokens = (String, String, Vec<(String, String)>);

/// Main type, subtype and parameters, names in lower case. What follows the last parameter that
/// can be read is ignored.
fn tokenize(text: &str) -> Option<Tokens> {
    let end = |text: &str, accept: fn(char) -> bool| {
        text.find(|c: char| !accept(c)).unwrap_or(text.len())
    };
    let main_end = end(text, |c| c.is_alphanumeric() || c == '.' || c == '*');
    let (main, rest) = text.split_at(main_end);
    let rest = rest.strip_prefix('/')?;
    let (sub, mut rest) = rest.split_at(end(rest, |c| {
        c.is_alphanumeric() || matches!(c, '.' | '*' | '+' | '-')
    }));
    if main.is_empty() || sub.is_empty() {
        return None;
    }
    let mut parameters = Vec::new();
    while let Some((name, value, after)) = parameter(rest) {
        parameters.push((name.to_lowercase(), value.to_owned()));
        rest = after;
    }
    Some((main.to_lowercase(), sub.to_lowercase(), parameters))
}

fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start().strip_prefix(';')?.trim_start();
    let name_end = text
        .find(|c: char| !c.is_alphanumeric() && c != '-')
        .unwrap_or(text.len());
    let (name, text) = text.split_at(name_end);
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    if let Some((value, after)) = text.strip_prefix('"').and_then(|t| t.split_once('"')) {
        return (!name.is_empty()).then_some((name, value, after));
    }
    let value_end = text
        .find(|c: char| !c.is_alphanumeric() && c != '|' && c != '-')
        .unwrap_or(text.len());
    let (value, after) = text.split_at(value_end);
    (!name.is_empty() && !value.is_empty()).then_some((name, value, after))
}

/// The number that a text begins with, as upstream reads a quality: `0.5`, but not `.5`.
fn leading_number(text: &str) -> Option<f64> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let fraction = text[whole..].strip_prefix('.').map_or(0, digits);
    let end = whole + if fraction > 0 { fraction + 1 } else { 0 };
    text[..end].parse().ok().filter(|_| whole > 0)
}

/// The types of an `Accept` header, best first: by quality, then by how specific they are.
pub fn accepted(header: &str) -> Vec<MediaType> {
    if header == "*/*" {
        return vec![MediaType::Any];
    }
    if header == "application/json" {
        return vec![MediaType::Json];
    }
    let mut types: Vec<(f64, i64, String)> = header
        .split(',')
        .map(|one| {
            let compact: String = one.chars().filter(|c| *c != ' ').collect();
            let (name, quality) = match compact.split_once(";q=") {
                Some((name, quality)) => (name.to_owned(), leading_number(quality).unwrap_or(1.0)),
                None => (compact, 1.0),
            };
            let count = |mark: char| name.chars().filter(|c| *c == mark).count() as i64;
            (quality, count(';') - count('*'), name)
        })
        .collect();
    types.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    types
        .into_iter()
        .map(|(_, _, name)| MediaType::parse(&name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_types_keep_their_parameters() {
        assert_eq!(
            MediaType::parse("ApplicatIon/vnd.PgRsT.object+json"),
            MediaType::Singular { stripped: false }
        );
        let plan = MediaType::parse(
            "application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze|verbose",
        );
        assert_eq!(
            plan.mime(),
            "application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze|verbose"
        );
        assert_eq!(
            MediaType::parse("application/vnd.twkb"),
            MediaType::Other("application/vnd.twkb".to_owned())
        );
    }

    #[test]
    fn accept_is_ordered_by_quality_then_specificity() {
        assert_eq!(
            accepted("text/csv;q=0.5, */*, application/json"),
            [MediaType::Json, MediaType::Any, MediaType::Csv]
        );
    }
}
