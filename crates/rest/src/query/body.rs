//! The result as a body: PostgreSQL builds it, in one value.

use crate::plan::SOURCE;
use crate::schema_cache::model::{Handler, Qualified};
use crate::schema_cache::routines::Routine;

use super::snippet::Snippet;

/// What the rows of the result go by; no column is called so. Upstream's name: it shows in plans.
pub(super) const ROWS: &str = "_postgrest_t";

/// The column of a function's value.
pub(super) const SCALAR: &str = "pgrst_scalar";

/// No row, or none that has a key.
pub(super) const NO_LOCATION: &str = "array[]::text[]";

/// The body, aggregated over the rows.
pub(super) fn aggregate(sql: &mut Snippet, handler: &Handler, routine: Option<&Routine>) {
    let scalar = routine.is_some_and(Routine::returns_scalar);
    let scalar_set = routine.is_some_and(Routine::returns_set_of_scalar);
    let single_row = routine.is_some_and(Routine::returns_single_row);
    match handler {
        Handler::Json => json(sql, false, scalar || scalar_set, scalar || single_row),
        Handler::JsonStripped => json(sql, true, scalar || scalar_set, scalar || single_row),
        Handler::SingleJson { stripped } => json(sql, *stripped, scalar, true),
        Handler::GeoJson => {
            sql.push("json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(");
            sql.push(ROWS).push(")::json), '[]'))");
        }
        Handler::Csv => csv(sql),
        Handler::Custom { function, target } => {
            sql.qualified(function).push("(").push(ROWS);
            match target {
                _ if scalar => sql.push(".").push(SCALAR),
                Some(target) => sql.push("::").qualified(target),
                None => sql,
            };
            sql.push(")");
        }
        Handler::None => {
            sql.push("''");
        }
    }
}

fn json(sql: &mut Snippet, stripped: bool, scalar: bool, first: bool) {
    sql.push("coalesce(");
    if stripped {
        sql.push("json_strip_nulls(");
    }
    sql.push("json_agg(").push(ROWS);
    if scalar {
        sql.push(".").push(SCALAR);
    }
    sql.push(if first { ")->0" } else { ")" });
    if stripped {
        sql.push(")");
    }
    sql.push(if first { ", 'null')" } else { ", '[]')" });
}

fn csv(sql: &mut Snippet) {
    sql.push("(select coalesce(string_agg(k, ','), '') from (select json_object_keys(row_to_json(_pgrst_h.*)) as k from (select * from ");
    sql.push(SOURCE)
        .push(" limit 1) _pgrst_h) keys) || E'\\n' || coalesce(string_agg(substring(");
    sql.push(ROWS)
        .push("::text, 2, length(")
        .push(ROWS)
        .push("::text) - 2), E'\\n'), '')");
}

/// `key=eq.value` of each primary key column, if one row was written.
pub(super) fn location(sql: &mut Snippet, primary_key: &[String]) {
    sql.push("case when pg_catalog.count(")
        .push(ROWS)
        .push(") = 1 then coalesce((select array_agg(j.key || '=' || coalesce('eq.' || j.value, 'is.null')) from (select row_to_json(_pgrst_s.*) as row from ")
        .push(SOURCE)
        .push(" _pgrst_s limit 1) d cross join json_each_text(d.row) j where j.key = any(");
    sql.value(super::fragment::array_literal(primary_key))
        .push("::text[])), ")
        .push(NO_LOCATION)
        .push(") else ")
        .push(NO_LOCATION)
        .push(" end");
}

/// The rows are looked at twice.
pub(super) fn needs_source(handler: &Handler) -> bool {
    matches!(handler, Handler::Csv)
}

/// The table that rows of `source` are cast from.
pub(super) fn source() -> Qualified {
    Qualified::bare(SOURCE)
}
