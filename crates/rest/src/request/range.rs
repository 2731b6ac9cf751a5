//! Ranges of rows: `limit`, `offset` and the `Range` header.

use std::collections::BTreeMap;

use crate::error::{RangeProblem, RestError};

/// Rows from `lower` to `upper`, both inclusive, counted from zero. Empty where `upper < lower`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// First row.
    pub lower: i128,
    /// Last row; none: to the end.
    pub upper: Option<i128>,
}

impl RowRange {
    /// Everything.
    pub const ALL: Self = Self {
        lower: 0,
        upper: None,
    };
    /// What `limit=0` stands for: allowed, unlike other empty ranges.
    pub const LIMIT_ZERO: Self = Self {
        lower: 0,
        upper: Some(-1),
    };
    const EMPTY: Self = Self {
        lower: 1,
        upper: Some(0),
    };

    /// True where no row can be in it.
    pub fn is_empty(self) -> bool {
        self.upper.is_some_and(|upper| upper < self.lower)
    }

    /// How many rows it holds, if that is bounded.
    pub fn limit(self) -> Option<i128> {
        self.upper
            .map(|upper| upper.saturating_sub(self.lower).saturating_add(1))
    }

    fn is_limit_zero(self) -> bool {
        self.upper == Some(-1)
    }

    fn to(self, upper: i128) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self {
            lower: self.lower,
            upper: Some(self.upper.map_or(upper, |own| own.min(upper))),
        }
    }

    fn intersect(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        let upper = match (self.upper, other.upper) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            lower: self.lower.max(other.lower),
            upper,
        }
    }

    /// At most `rows` of it.
    #[must_use]
    pub fn restricted(self, rows: Option<u64>) -> Self {
        match rows {
            _ if self.is_limit_zero() => Self::LIMIT_ZERO,
            None => self,
            Some(rows) => self.to(self.lower.saturating_add(i128::from(rows)) - 1),
        }
    }
}

/// A number as Haskell reads one: in parentheses or not, in hexadecimal, octal or binary digits too,
/// and without a plus.
fn number(text: &str) -> Option<i128> {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(') {
        text = inner.strip_suffix(')')?.trim();
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let prefixed = digits
        .get(..2)
        .map(str::to_ascii_lowercase)
        .and_then(|prefix| match prefix.as_str() {
            "0x" => Some(16),
            "0o" => Some(8),
            "0b" => Some(2),
            _ => None,
        });
    let (radix, digits) = match prefixed {
        Some(radix) => (radix, digits.get(2..)?),
        None => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    // Longer than any number of rows is as good as endless.
    let value = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX / 4);
    Some(if negative { -value } else { value })
}

/// The ranges that `limit` and `offset` parameters ask for, by the path of the embedded resource
/// (`limit` for the top level).
pub(super) fn from_parameters(
    limits: &[(&str, &str)],
    offsets: &[(String, &str)],
) -> Vec<(String, RowRange)> {
    let mut ranges: BTreeMap<&str, RowRange> = BTreeMap::new();
    for (key, value) in limits {
        let range = match number(value) {
            Some(limit) => RowRange::ALL.to(limit.saturating_sub(1)),
            None => RowRange::ALL,
        };
        ranges.insert(key, range);
    }
    let mut lowers: BTreeMap<&str, i128> = BTreeMap::new();
    for (key, value) in offsets {
        lowers.insert(key, number(value).unwrap_or(0));
    }
    for (key, lower) in lowers {
        let upper = ranges.get(key).map(|range| {
            let limit = range.limit().unwrap_or(0);
            lower.saturating_add(limit).saturating_sub(1)
        });
        ranges.insert(key, RowRange { lower, upper });
    }
    ranges
        .into_iter()
        .map(|(key, range)| (key.to_owned(), range))
        .collect()
}

/// `Range: 0-24`; anything else asks for everything.
fn from_header(header: Option<&str>) -> RowRange {
    let parse = || {
        let (lower, upper) = header?.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if lower.is_empty() || !digits(lower) || !digits(upper) {
            return None;
        }
        let range = RowRange {
            lower: lower.parse().ok()?,
            upper: None,
        };
        Some(if upper.is_empty() {
            range
        } else {
            range_up_to(range, upper.parse().ok()?)
        })
    };
    parse().unwrap_or(RowRange::ALL)
}

fn range_up_to(range: RowRange, upper: i128) -> RowRange {
    RowRange {
        lower: range.lower,
        upper: Some(upper),
    }
}

/// Settles the top level's range out of the `Range` header (of GET alone) and the parameters, and
/// puts it among `ranges` as `limit`.
pub(super) fn settle(
    method: &http::Method,
    header: Option<&str>,
    ranges: &mut Vec<(String, RowRange)>,
) -> Result<RowRange, RestError> {
    let header = if method == http::Method::GET {
        from_header(header)
    } else {
        RowRange::ALL
    };
    let asked = ranges
        .iter()
        .find(|(key, _)| key == "limit")
        .map_or(RowRange::ALL, |(_, r)| *r);
    let top = if asked.is_limit_zero() {
        RowRange::LIMIT_ZERO
    } else {
        header.intersect(asked)
    };
    if top.is_empty() && !asked.is_limit_zero() {
        return Err(RestError::Range(if header.is_empty() {
            RangeProblem::LowerAboveUpper
        } else {
            RangeProblem::NegativeLimit
        }));
    }
    if method == http::Method::PUT && top != RowRange::ALL {
        return Err(RestError::PutLimit);
    }
    match ranges.iter_mut().find(|(key, _)| key == "limit") {
        Some(slot) => slot.1 = top,
        None => ranges.push(("limit".to_owned(), top)),
    }
    Ok(top)
}
