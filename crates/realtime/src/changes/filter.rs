//! Filters of a subscription: `column=op.value`, joined by commas, each one perhaps negated.

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Neq,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `= any`
    In,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `is null`, `is true`, …
    Is,
    /// `~`
    Match,
    /// `~*`
    Imatch,
    /// `is distinct from`
    IsDistinct,
}

impl Op {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "eq" => Self::Eq,
            "neq" => Self::Neq,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "in" => Self::In,
            "like" => Self::Like,
            "ilike" => Self::Ilike,
            "is" => Self::Is,
            "match" => Self::Match,
            "imatch" => Self::Imatch,
            "isdistinct" => Self::IsDistinct,
            _ => return None,
        })
    }

    /// As clients write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Neq => "neq",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::In => "in",
            Self::Like => "like",
            Self::Ilike => "ilike",
            Self::Is => "is",
            Self::Match => "match",
            Self::Imatch => "imatch",
            Self::IsDistinct => "isdistinct",
        }
    }

    /// The operator of a comparison of two values of the column's type.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Neq => "<>",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::In => "= any",
            Self::Like => "~~",
            Self::Ilike => "~~*",
            Self::Is => "is",
            Self::Match => "~",
            Self::Imatch => "~*",
            Self::IsDistinct => "is distinct from",
        }
    }
}

/// A filter as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilterSpec {
    /// The column.
    pub column: String,
    /// The comparison.
    pub op: Op,
    /// The value; for `in` an array in PostgreSQL's notation.
    pub value: String,
    /// The result is turned round.
    pub negate: bool,
}

/// Reads a filter text.
///
/// # Errors
/// Upstream's words for what is wrong.
pub fn parse(text: &str) -> Result<Vec<FilterSpec>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    split(text).into_iter().map(segment).collect()
}

/// Splits at commas outside parentheses and quotes. A quote opens only where a value may begin.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (0, 0usize, false, false);
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        if quoted {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                quoted = false;
            }
        } else {
            match c {
                '"' if matches!(before, '.' | '(' | ',') => quoted = true,
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(&text[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        before = c;
    }
    parts.push(&text[start..]);
    parts
}

fn segment(text: &str) -> Result<FilterSpec, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("filter must not contain empty segments (check for extra commas)".to_owned());
    }
    let Some((column, rest)) = text.split_once('=') else {
        return Err(listed(&[text]));
    };
    let (negate, rest) = match rest.strip_prefix("not.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some((name, value)) = rest.split_once('.') else {
        return Err(listed(&[rest]));
    };
    let Some(op) = Op::parse(name) else {
        return Err(listed(&[name, value]));
    };
    let value = match op {
        Op::In => match value.strip_prefix('(').and_then(|v| v.strip_suffix(')')) {
            Some(inner) => format!("{{{inner}}}"),
            None => return Err("`in` filter value must be wrapped by parentheses".to_owned()),
        },
        _ => unquote(value),
    };
    Ok(FilterSpec {
        column: column.to_owned(),
        op,
        value,
        negate,
    })
}

/// A list of texts as upstream's messages show one.
fn listed(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
    format!("[{}]", parts.join(", "))
}

/// A text as upstream's messages show one.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Takes the quotes off a value that is quoted as a whole.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.as_str().is_empty() => return out,
            '"' => return value.to_owned(),
            '\\' => match chars.next() {
                Some(next) => out.push(next),
                None => return value.to_owned(),
            },
            c => out.push(c),
        }
    }
    value.to_owned()
}

/// How values of a column are compared without asking PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparable {
    /// Equal where the text forms are equal, no order.
    Same,
    /// As text: patterns apply too.
    Text,
    /// By their numeric value.
    Number,
    /// In the order of their text forms (dates and times in ISO form, booleans).
    Sorted,
    /// Only PostgreSQL knows.
    Unknown,
}

/// A filter ready for rows: its value is in the form that the log uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What the client asked for.
    pub spec: FilterSpec,
    /// How the column's values compare.
    pub kind: Comparable,
    /// The value, or the values of `in`, as the log would write them.
    pub values: Vec<String>,
}

impl Filter {
    /// Whether rows can be judged here; else PostgreSQL is asked.
    pub fn is_local(&self) -> bool {
        use Comparable as C;
        match self.spec.op {
            Op::Is => true,
            Op::Eq | Op::Neq | Op::In | Op::IsDistinct => self.kind != C::Unknown,
            Op::Lt | Op::Lte | Op::Gt | Op::Gte => matches!(self.kind, C::Number | C::Sorted),
            Op::Like | Op::Ilike => self.kind == C::Text,
            Op::Match | Op::Imatch => false,
        }
    }

    /// Judges a value in the log's form; none is NULL.
    pub fn accepts(&self, value: Option<&str>) -> bool {
        let first = self.values.first().map_or("", String::as_str);
        let verdict = match self.spec.op {
            Op::Is => return self.is(value) != self.spec.negate,
            Op::IsDistinct => {
                let distinct = value.is_none_or(|value| !self.same(value, first));
                return distinct != self.spec.negate;
            }
            _ => {
                // Any other comparison with NULL is NULL, negated or not: the row is left out.
                let Some(value) = value else { return false };
                match self.spec.op {
                    Op::Eq => self.same(value, first),
                    Op::Neq => !self.same(value, first),
                    Op::In => self.values.iter().any(|one| self.same(value, one)),
                    Op::Like => like(value, first),
                    Op::Ilike => like(&value.to_lowercase(), &first.to_lowercase()),
                    op => match (self.order(value, first), op) {
                        (None, _) => return false,
                        (Some(order), Op::Lt) => order.is_lt(),
                        (Some(order), Op::Lte) => order.is_le(),
                        (Some(order), Op::Gt) => order.is_gt(),
                        (Some(order), _) => order.is_ge(),
                    },
                }
            }
        };
        verdict != self.spec.negate
    }

    fn is(&self, value: Option<&str>) -> bool {
        match self.spec.value.as_str() {
            "true" => value == Some("t"),
            "false" => value == Some("f"),
            // `null` of any type, `unknown` of a boolean.
            _ => value.is_none(),
        }
    }

    fn same(&self, left: &str, right: &str) -> bool {
        match self.kind {
            Comparable::Number => self
                .order(left, right)
                .is_some_and(std::cmp::Ordering::is_eq),
            _ => left == right,
        }
    }

    fn order(&self, left: &str, right: &str) -> Option<std::cmp::Ordering> {
        match self.kind {
            Comparable::Number => super::render::compare_numbers(left, right),
            _ => Some(left.cmp(right)),
        }
    }
}

/// SQL's LIKE: `%` any characters, `_` one, backslash takes the next one literally.
fn like(text: &str, pattern: &str) -> bool {
    enum Part {
        Any,
        One,
        Exactly(char),
    }
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Exactly(chars.next().unwrap_or('\\')),
            c => Part::Exactly(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // Greedy with one way back: the last `%` takes one character more. Quadratic at worst.
    let (mut t, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        match parts.get(p) {
            Some(Part::Any) => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            Some(Part::One) if t < text.len() => {
                (t, p) = (t + 1, p + 1);
                continue;
            }
            Some(Part::Exactly(c)) if text.get(t) == Some(c) => {
                (t, p) = (t + 1, p + 1);
                continue;
            }
            None if t == text.len() => return true,
            _ => {}
        }
        match back {
            Some((star, from)) if from < text.len() => {
                back = Some((star, from + 1));
                (t, p) = (from + 1, star + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> FilterSpec {
        parse(text).unwrap().remove(0)
    }

    #[test]
    fn filters_are_read_as_the_client_writes_them() {
        let filter = one("id=eq.5");
        assert_eq!(
            (filter.column.as_str(), filter.op, filter.value.as_str()),
            ("id", Op::Eq, "5")
        );
        assert!(one("id=not.eq.5").negate);
        assert_eq!(one("name=in.(a,\"b,c\")").value, "{a,\"b,c\"}");
        assert_eq!(one("name=eq.\"a,b\\\"c\"").value, "a,b\"c");
        assert_eq!(one("name=eq.a.b=c").value, "a.b=c");
        let two = parse("a=gt.0,b=in.(1,2)").unwrap();
        assert_eq!((two.len(), two[1].column.as_str()), (2, "b"));
        assert!(parse("  ").unwrap().is_empty());
    }

    #[test]
    fn wrong_filters_are_named_as_upstream_does() {
        let wrong = |text| parse(text).unwrap_err();
        assert_eq!(wrong("subject=foo.hey"), "[\"foo\", \"hey\"]");
        assert_eq!(wrong("undefined"), "[\"undefined\"]");
        assert_eq!(
            wrong("a=in.1,2"),
            "`in` filter value must be wrapped by parentheses"
        );
        assert!(wrong("a=eq.1,,b=eq.2").starts_with("filter must not contain empty segments"));
    }

    fn filter(text: &str, kind: Comparable) -> Filter {
        let spec = one(text);
        let values = match spec.op {
            Op::In => spec
                .value
                .trim_matches(['{', '}'])
                .split(',')
                .map(str::to_owned)
                .collect(),
            _ => vec![spec.value.clone()],
        };
        Filter { spec, kind, values }
    }

    #[test]
    fn rows_are_judged_as_postgres_would() {
        let number = |text| filter(text, Comparable::Number);
        assert!(number("a=eq.10").accepts(Some("10.0")));
        assert!(number("a=gt.9").accepts(Some("10")));
        assert!(!number("a=gt.9").accepts(Some("-10")));
        assert!(!number("a=gt.9").accepts(None));
        assert!(!number("a=not.gt.9").accepts(None));
        assert!(number("a=in.(1,2)").accepts(Some("2")));
        assert!(number("a=isdistinct.1").accepts(None));
        assert!(number("a=is.null").accepts(None) && !number("a=not.is.null").accepts(None));
        assert!(filter("a=is.true", Comparable::Sorted).accepts(Some("t")));
        let text = |pattern: &str| filter(pattern, Comparable::Text);
        assert!(text("a=like.h%o").accepts(Some("hello")));
        assert!(!text("a=like.h_o").accepts(Some("hello")));
        assert!(text("a=ilike.%ELL%").accepts(Some("hello")));
        assert!(text("a=like.100\\%").accepts(Some("100%")));
        assert!(!text("a=match.x").is_local());
    }

    proptest! {
        #[test]
        fn any_filter_text_is_read_or_refused(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn patterns_end(text in "[ab%_]{0,30}", pattern in "[ab%_\\\\]{0,30}") {
            let _ = like(&text, &pattern);
        }
    }
}
