//! Pages of lists: `page`, `per_page`, `sort`, and the headers that lead to other pages.

use url::form_urlencoded::Serializer;

use crate::call::Call;
use crate::error::AuthError;

const DEFAULT_PER_PAGE: u64 = 50;
/// Most rows of one page, whatever is asked for.
const MAX_PER_PAGE: u64 = 1000;

/// Which page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    page: u64,
    per_page: u64,
}

/// Which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Ascending,
    Descending,
}

impl Page {
    /// The page that a request asks for.
    pub(super) fn of(call: &Call) -> Result<Self, AuthError> {
        let number = |name: &str, default: u64| match call.query(name).as_deref() {
            None | Some("") => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                let words = "Bad Pagination Parameters: strconv.ParseUint: parsing";
                AuthError::validation(format!("{words} {text:?}: invalid syntax"))
            }),
        };
        let page = number("page", 1)?;
        let per_page = match number("per_page", DEFAULT_PER_PAGE)? {
            0 => DEFAULT_PER_PAGE,
            asked => asked.min(MAX_PER_PAGE),
        };
        Ok(Self { page, per_page })
    }

    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.per_page).unwrap_or(i64::MAX)
    }

    pub(super) fn offset(&self) -> i64 {
        let skipped = self.page.saturating_sub(1).saturating_mul(self.per_page);
        i64::try_from(skipped).unwrap_or(i64::MAX)
    }

    /// The header `Link`: the next page, if there is one, and the last.
    pub(super) fn links(&self, call: &Call, total: u64) -> String {
        let last = total.div_ceil(self.per_page);
        let link = |page: u64, rel: &str| {
            let mut pairs: Vec<(String, String)> = call
                .query_pairs()
                .filter(|(key, _)| key != "page")
                .collect();
            pairs.push(("page".to_owned(), page.to_string()));
            pairs.sort();
            let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
            format!("<{}?{query}>; rel=\"{rel}\"", call.path())
        };
        if last > self.page {
            format!("{}, {}", link(self.page + 1, "next"), link(last, "last"))
        } else {
            link(last, "last")
        }
    }
}

impl Sort {
    /// The order that a request for users asks for: by `created_at` alone.
    pub(super) fn of_users(call: &Call) -> Result<Self, AuthError> {
        let mut order = None;
        for asked in call.query_all("sort") {
            let (field, direction) = asked.split_once(' ').unwrap_or((&asked, "desc"));
            if field != "created_at" {
                let words = format!("Bad Sort Parameters: bad field for sort '{field}'");
                return Err(AuthError::validation(words));
            }
            let asked = match direction.to_ascii_lowercase().as_str() {
                "asc" => Self::Ascending,
                "desc" => Self::Descending,
                _ => {
                    return Err(AuthError::validation(format!(
                        "Bad Sort Parameters: bad direction for sort '{direction}', \
                         only 'asc' and 'desc' allowed"
                    )));
                }
            };
            order.get_or_insert(asked);
        }
        Ok(order.unwrap_or(Self::Descending))
    }
}
