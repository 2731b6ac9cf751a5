//! Writes. The rows of a body are unpacked by PostgreSQL itself, out of one bound JSON value.

use crate::plan::types::{Conditions, MutatePlan, TypedField};
use crate::request::payload::Text;
use crate::request::preferences::Resolution;
use crate::schema_cache::model::Qualified;

use super::fragment;
use super::snippet::{Bind, Snippet};

/// What the rows of the body go by.
const BODY: &str = "pgrst_body";

/// The statement that writes; `counted` says that it has a row for each that it touched, even if
/// nothing of them is asked for.
pub(super) fn statement(sql: &mut Snippet, plan: &MutatePlan, counted: bool) {
    match plan {
        MutatePlan::Insert {
            into,
            columns,
            body,
            on_conflict,
            conditions,
            returning,
            defaults,
            ..
        } => {
            sql.push("insert into ").qualified(into);
            if !columns.is_empty() {
                sql.push("(").list(", ", columns, |sql, column| {
                    sql.name(&column.name);
                });
                sql.push(")");
            }
            sql.push(" select ").list(", ", columns, |sql, column| {
                sql.push(BODY).push(".").name(&column.name);
            });
            body_rows(sql, Some(body), columns, *defaults, false);
            insert_tail(sql, columns, on_conflict.as_ref(), conditions);
            self::returning(sql, into, returning, counted);
        }
        MutatePlan::Update {
            table,
            columns,
            body,
            conditions,
            returning,
            defaults,
        } => {
            if columns.is_empty() {
                nothing_to_update(sql, table, returning);
                return;
            }
            sql.push("update ").qualified(table).push(" set ");
            sql.list(", ", columns, |sql, column| {
                sql.name(&column.name)
                    .push(" = ")
                    .push(BODY)
                    .push(".")
                    .name(&column.name);
            });
            body_rows(sql, Some(body), columns, *defaults, false);
            where_all(sql, table, conditions);
            self::returning(sql, table, returning, counted);
        }
        MutatePlan::Delete {
            from,
            conditions,
            returning,
        } => {
            sql.push("delete from ").qualified(from);
            where_all(sql, from, conditions);
            self::returning(sql, from, returning, counted);
        }
    }
}

/// An update without columns changes nothing, but its answer has the columns that were asked for.
fn nothing_to_update(sql: &mut Snippet, table: &Qualified, returning: &[String]) {
    sql.push("select ");
    if returning.is_empty() {
        sql.push("null");
    }
    let alias = Qualified::bare(&table.name);
    sql.list(", ", returning, |sql, column| {
        sql.column(&alias, column);
    });
    sql.push(" from ").qualified(table).push(" where false");
}

/// How many rows an upsert inserted is counted in a setting: the source of the rows counts up, a
/// row that was there already counts down again.
fn count_inserted(sql: &mut Snippet, up: bool) {
    let (sign, never) = if up { ("+", "0") } else { ("-", "-1") };
    sql.push("set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) ");
    sql.push(sign)
        .push(" 1)::text, true) <> '")
        .push(never)
        .push("'");
}

fn insert_tail(
    sql: &mut Snippet,
    columns: &[TypedField],
    on_conflict: Option<&(Resolution, Vec<String>)>,
    conditions: &[Conditions],
) {
    let merges = on_conflict.is_some_and(|(resolution, _)| *resolution == Resolution::Merge);
    if merges || !conditions.is_empty() {
        sql.push(" where ");
        count_inserted(sql, true);
        for condition in conditions {
            sql.push(" and ");
            let body = Qualified::bare(BODY);
            fragment::conditions(sql, &body, condition, &fragment::joined_null_embed);
        }
    }
    let Some((_, keys)) = on_conflict.filter(|(_, keys)| !keys.is_empty()) else {
        return;
    };
    sql.push(" on conflict (").list(", ", keys, |sql, key| {
        sql.name(key);
    });
    if !merges || columns.is_empty() {
        sql.push(") do nothing");
        return;
    }
    sql.push(") do update set ")
        .list(", ", columns, |sql, column| {
            sql.name(&column.name)
                .push(" = excluded.")
                .name(&column.name);
        });
    sql.push(" where ");
    count_inserted(sql, false);
}

fn where_all(sql: &mut Snippet, table: &Qualified, conditions: &[Conditions]) {
    if conditions.is_empty() {
        return;
    }
    sql.push(" where ")
        .list(" and ", conditions, |sql, condition| {
            fragment::conditions(sql, table, condition, &fragment::joined_null_embed);
        });
}

fn returning(sql: &mut Snippet, table: &Qualified, columns: &[String], counted: bool) {
    if !counted && columns.is_empty() {
        return;
    }
    sql.push(" returning ");
    if columns.is_empty() {
        // The rows themselves are not asked for, only how many they are.
        sql.push("1");
    }
    sql.list(", ", columns, |sql, column| {
        sql.column(table, column);
    });
}

/// ` from … pgrst_body`: the rows (or the first one) of a JSON body, with the columns' types.
pub(super) fn body_rows(
    sql: &mut Snippet,
    body: Option<&Text>,
    columns: &[TypedField],
    defaults: bool,
    first_only: bool,
) {
    let is_object = body.is_some_and(Text::is_object);
    sql.push(" from (select ");
    sql.bind(body.map_or(Bind::Null, |text| Bind::Body(text.clone())));
    sql.push(if defaults { "::jsonb" } else { "::json" });
    sql.push(" as json_data) pgrst_payload, ");
    if defaults {
        let object = |sql: &mut Snippet| {
            sql.push("jsonb_build_object(");
            let with_default = columns
                .iter()
                .filter_map(|c| Some((&c.name, c.default.as_ref()?)));
            sql.list(", ", with_default, |sql, (name, default)| {
                // The default is SQL that the server itself wrote.
                sql.value(name.clone()).push("::text, ").push(default);
            });
            sql.push(") || ");
        };
        if is_object {
            sql.push("lateral (select ");
            object(sql);
            sql.push("pgrst_payload.json_data as val) pgrst_json_defs, ");
        } else {
            sql.push("lateral (select jsonb_agg(");
            object(sql);
            sql.push("elem) as val from jsonb_array_elements(pgrst_payload.json_data) elem) pgrst_json_defs, ");
        }
    }
    let source = if defaults {
        "pgrst_json_defs.val"
    } else {
        "pgrst_payload.json_data"
    };
    sql.push("lateral (select ")
        .list(", ", columns, |sql, column| {
            match &column.transform {
                Some(function) => sql
                    .push(function)
                    .push("(")
                    .name(&column.name)
                    .push(") as ")
                    .name(&column.name),
                None => sql.name(&column.name),
            };
        });
    sql.push(" from ");
    let prefix = if defaults { "jsonb" } else { "json" };
    if columns.is_empty() {
        // A body without keys: one row for `{}`, as many as there are for `[{}, {}]`.
        if is_object {
            sql.push("(values (1)) _");
        } else {
            sql.push(prefix)
                .push("_array_elements(")
                .push(source)
                .push(") _");
        }
    } else {
        sql.push(prefix).push(if is_object {
            "_to_record("
        } else {
            "_to_recordset("
        });
        sql.push(source)
            .push(") as _(")
            .list(", ", columns, |sql, column| {
                sql.name(&column.name).push(" ").push(&column.type_name);
            });
        sql.push(")");
        if first_only {
            sql.push(" limit 1");
        }
    }
    sql.push(") ").push(BODY);
}
