//! A statement whose execution plan is asked for. It has upstream's own shape, so that the costs
//! and names in the plan are those that upstream shows; what is run for an answer differs only in
//! leaving out what the answer does not need.

use crate::config::RestConfig;
use crate::plan::SOURCE;
use crate::plan::types::{DbPlan, MutatePlan, ReadNode, Statement};
use crate::request::ApiRequest;
use crate::request::preferences::{Count, Representation, Resolution};
use crate::schema_cache::model::Handler;
use crate::schema_cache::routines::Routine;

use super::body::{self, NO_LOCATION, ROWS};
use super::snippet::Snippet;
use super::{call, count, is_bounded, mutate, read, response_settings};

/// The statement, without the `explain` before it.
pub(super) fn statement(
    sql: &mut Snippet,
    plan: &DbPlan,
    request: &ApiRequest,
    config: &RestConfig,
) {
    sql.push("with ").push(SOURCE).push(" as (");
    match &plan.statement {
        Statement::Read { read, .. } => {
            read::query(sql, read);
            sql.push(")");
            let estimated = request.preferences.count == Some(Count::Estimated);
            let limit = config.max_rows.filter(|_| estimated);
            totals(sql, read, request, config, limit, None);
            results(sql, plan, None);
            sql.push(", '' from (select * from ").push(SOURCE);
        }
        Statement::Mutate { read, mutate, .. } => {
            mutate::statement(sql, mutate, true);
            sql.push(") select '', ");
            page(sql, None);
            sql.push(", ");
            let upserts = location(sql, mutate, request);
            results(sql, plan, None);
            sql.push(if upserts {
                ", nullif(current_setting('pgrst.inserted', true), '')::int"
            } else {
                ", ''"
            });
            sql.push(" from (");
            match plan.handler {
                Handler::None => {
                    sql.push("select * from ").push(SOURCE);
                }
                _ => read::query(sql, read),
            }
        }
        Statement::Call { read, call, .. } => {
            call::statement(sql, call);
            sql.push(")");
            let routine = Some(call.routine.as_ref());
            totals(sql, read, request, config, None, routine);
            results(sql, plan, routine);
            sql.push(", '' from (");
            read::query(sql, read);
        }
    }
    sql.push(") ").push(ROWS);
}

/// ` select` with the rows in all and those of the page, after the table expression that counts.
fn totals(
    sql: &mut Snippet,
    read: &ReadNode,
    request: &ApiRequest,
    config: &RestConfig,
    limit: Option<u64>,
    routine: Option<&Routine>,
) {
    let wanted = request.preferences.counts_rows();
    let separate = wanted && is_bounded(request, config);
    if separate {
        sql.push(", pgrst_source_count as (");
        count::rows(sql, read);
        if let Some(limit) = limit {
            sql.push(" limit ")
                .push(&limit.saturating_add(1).to_string());
        }
        sql.push(")");
    }
    sql.push(" select ");
    if separate {
        sql.push("(select pg_catalog.count(*) from pgrst_source_count)");
    } else if wanted {
        page(sql, routine);
    } else {
        sql.push("null::bigint");
    }
    sql.push(", ");
    page(sql, routine);
}

fn page(sql: &mut Snippet, routine: Option<&Routine>) {
    if routine.is_some_and(|routine| !routine.returns_set) {
        sql.push("1");
    } else {
        sql.push("pg_catalog.count(").push(ROWS).push(")");
    }
}

/// The body, and what SQL functions said about the answer.
fn results(sql: &mut Snippet, plan: &DbPlan, routine: Option<&Routine>) {
    sql.push(", ");
    match &plan.handler {
        Handler::None => {
            sql.push("''::text");
        }
        handler => body::aggregate(sql, handler, routine),
    }
    response_settings(sql);
}

/// Where an inserted row is found. True where an upsert counts what it inserts.
fn location(sql: &mut Snippet, mutate: &MutatePlan, request: &ApiRequest) -> bool {
    let preferences = &request.preferences;
    let MutatePlan::Insert {
        primary_key,
        conditions,
        ..
    } = mutate
    else {
        sql.push(NO_LOCATION);
        return false;
    };
    if preferences.representation == Some(Representation::HeadersOnly) {
        body::location(sql, primary_key);
    } else {
        sql.push(NO_LOCATION);
    }
    preferences.resolution == Some(Resolution::Merge) || !conditions.is_empty()
}
