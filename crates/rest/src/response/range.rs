//! `Content-Range`, and the status that follows from it.

use http::StatusCode;

use crate::request::range::RowRange;

/// `0-24/3573`, with `*` for what is empty or not known.
pub(super) fn content_range(lower: i128, upper: i128, total: Option<i64>) -> String {
    let rows = if total != Some(0) && lower <= upper {
        format!("{lower}-{upper}")
    } else {
        "*".to_owned()
    };
    match total {
        Some(total) => format!("{rows}/{total}"),
        None => format!("{rows}/*"),
    }
}

/// Status and `Content-Range` of an answer of `page` rows out of `range`.
pub(super) fn of_page(range: RowRange, page: i64, total: Option<i64>) -> (StatusCode, String) {
    let lower = range.lower;
    let upper = lower + i128::from(page) - 1;
    let status = match total.map(i128::from) {
        Some(total) if lower > total => StatusCode::RANGE_NOT_SATISFIABLE,
        Some(total) if 1 + upper - lower < total => StatusCode::PARTIAL_CONTENT,
        _ => StatusCode::OK,
    };
    (status, content_range(lower, upper, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_where_they_stand() {
        let range = RowRange {
            lower: 5,
            upper: Some(9),
        };
        assert_eq!(
            of_page(range, 5, Some(20)),
            (StatusCode::PARTIAL_CONTENT, "5-9/20".to_owned())
        );
        assert_eq!(of_page(range, 0, None), (StatusCode::OK, "*/*".to_owned()));
        assert_eq!(
            of_page(range, 0, Some(2)).0,
            StatusCode::RANGE_NOT_SATISFIABLE
        );
        assert_eq!(
            of_page(RowRange::ALL, 0, Some(0)),
            (StatusCode::OK, "*/0".to_owned())
        );
    }
}
