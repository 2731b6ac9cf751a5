//! The `Prefer` header.

use http::HeaderMap;

/// What to do with rows that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// `merge-duplicates`
    Merge,
    /// `ignore-duplicates`
    Ignore,
}

/// What a write answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// `representation`
    Full,
    /// `minimal`
    Minimal,
    /// `headers-only`
    HeadersOnly,
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// `exact`
    Exact,
    /// `planned`
    Planned,
    /// `estimated`
    Estimated,
}

/// How the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// `commit`
    Commit,
    /// `rollback`
    Rollback,
}

/// What stands for keys that are missing in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `default`
    Default,
    /// `null`
    Null,
}

/// What happens with unknown preferences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// `strict`
    Strict,
    /// `lenient`
    Lenient,
}

const RESOLUTIONS: [(&str, Resolution); 2] = [
    ("resolution=merge-duplicates", Resolution::Merge),
    ("resolution=ignore-duplicates", Resolution::Ignore),
];
const REPRESENTATIONS: [(&str, Representation); 3] = [
    ("return=representation", Representation::Full),
    ("return=minimal", Representation::Minimal),
    ("return=headers-only", Representation::HeadersOnly),
];
const COUNTS: [(&str, Count); 3] = [
    ("count=exact", Count::Exact),
    ("count=planned", Count::Planned),
    ("count=estimated", Count::Estimated),
];
const ENDS: [(&str, TransactionEnd); 2] = [
    ("tx=commit", TransactionEnd::Commit),
    ("tx=rollback", TransactionEnd::Rollback),
];
const MISSING: [(&str, Missing); 2] = [
    ("missing=default", Missing::Default),
    ("missing=null", Missing::Null),
];
const HANDLINGS: [(&str, Handling); 2] = [
    ("handling=strict", Handling::Strict),
    ("handling=lenient", Handling::Lenient),
];

/// All preferences of a request. Of several of a kind the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `resolution=`
    pub resolution: Option<Resolution>,
    /// `return=`
    pub representation: Option<Representation>,
    /// `count=`
    pub count: Option<Count>,
    /// `tx=`, where the configuration allows it.
    pub transaction: Option<TransactionEnd>,
    /// `missing=`
    pub missing: Option<Missing>,
    /// `handling=`
    pub handling: Option<Handling>,
    /// `timezone=`
    pub timezone: Option<String>,
    /// `max-affected=`
    pub max_affected: Option<i64>,
    /// What is none of these.
    pub unknown: Vec<String>,
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    // Upstream reads no sign but the minus.
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

impl Preferences {
    /// Reads all `Prefer` headers; `allow_tx` says whether `tx=` is heeded.
    pub fn from_headers(headers: &HeaderMap, allow_tx: bool) -> Self {
        let mut all = Self::default();
        let mut limit = None;
        for header in headers.get_all("prefer").iter().filter(|h| !h.is_empty()) {
            for one in String::from_utf8_lossy(header.as_bytes()).split(',') {
                let one = one.trim_matches(|c: char| c.is_ascii_whitespace());
                match one.strip_prefix("max-affected=") {
                    // An unreadable number is none, and stands before later ones all the same.
                    Some(rows) => drop(limit.get_or_insert_with(|| number(rows))),
                    None => all.take(one, allow_tx),
                }
            }
        }
        all.max_affected = limit.flatten();
        all
    }

    fn take(&mut self, text: &str, allow_tx: bool) {
        fn set<T: Copy>(slot: &mut Option<T>, known: &[(&str, T)], text: &str) -> bool {
            let found = known.iter().find(|(name, _)| *name == text);
            if let Some((_, value)) = found {
                slot.get_or_insert(*value);
            }
            found.is_some()
        }
        let mut ignored_end = None;
        let end = if allow_tx {
            &mut self.transaction
        } else {
            &mut ignored_end
        };
        if set(&mut self.resolution, &RESOLUTIONS, text)
            || set(&mut self.representation, &REPRESENTATIONS, text)
            || set(&mut self.count, &COUNTS, text)
            || set(end, &ENDS, text)
            || set(&mut self.missing, &MISSING, text)
            || set(&mut self.handling, &HANDLINGS, text)
        {
        } else if let Some(zone) = text.strip_prefix("timezone=") {
            self.timezone.get_or_insert_with(|| zone.to_owned());
        } else {
            self.unknown.push(text.to_owned());
        }
    }

    /// True where unknown preferences and violated ones are errors.
    pub fn is_strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// `Preference-Applied`, if there is anything to say in it.
    pub fn applied(&self) -> Option<String> {
        fn name<T: PartialEq>(known: &[(&'static str, T)], value: Option<T>) -> Option<String> {
            let value = value?;
            known
                .iter()
                .find(|(_, v)| *v == value)
                .map(|(name, _)| (*name).to_owned())
        }
        let strict_limit = self.max_affected.filter(|_| self.is_strict());
        let parts: Vec<String> = [
            name(&RESOLUTIONS, self.resolution),
            name(&MISSING, self.missing),
            name(&REPRESENTATIONS, self.representation),
            name(&COUNTS, self.count),
            name(&ENDS, self.transaction),
            name(&HANDLINGS, self.handling),
            self.timezone
                .as_ref()
                .map(|zone| format!("timezone={zone}")),
            strict_limit.map(|rows| format!("max-affected={rows}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// True where rows are counted by a statement (`exact`, `estimated`).
    pub fn counts_rows(&self) -> bool {
        matches!(self.count, Some(Count::Exact | Count::Estimated))
    }

    /// True where the planner is asked for a number (`planned`, `estimated`).
    pub fn explains_count(&self) -> bool {
        matches!(self.count, Some(Count::Planned | Count::Estimated))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(values: &[&str], allow_tx: bool) -> Preferences {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().unwrap());
        }
        Preferences::from_headers(&headers, allow_tx)
    }

    #[test]
    fn the_first_of_a_kind_counts_over_all_headers() {
        let all = read(
            &[
                "resolution=ignore-duplicates, count=exact",
                "resolution=merge-duplicates",
            ],
            false,
        );
        assert_eq!(all.resolution, Some(Resolution::Ignore));
        assert_eq!(
            all.applied().unwrap(),
            "resolution=ignore-duplicates, count=exact"
        );
    }

    #[test]
    fn broken_preferences_are_set_aside() {
        let all = read(&["undefinedreturn=representation,", ""], false);
        assert_eq!(all.unknown, ["undefinedreturn=representation", ""]);
        assert_eq!(all.representation, None);
        assert_eq!(
            read(&["max-affected=x, max-affected=2"], false).max_affected,
            None
        );
        assert_eq!(read(&["max-affected= 2 "], false).max_affected, Some(2));
        assert_eq!(read(&["tx=rollback"], false).transaction, None);
        assert!(read(&["tx=rollback"], false).unknown.is_empty());
        assert_eq!(
            read(&["tx=rollback"], true).transaction,
            Some(TransactionEnd::Rollback)
        );
    }
}
