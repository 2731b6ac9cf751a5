//! Third stage: the plan as SQL. Pure: the text depends on the plan's shape alone, the values are
//! bound. Each statement answers one row, with the columns that its [`Layout`] names.

mod body;
mod call;
mod count;
mod explained;
mod fragment;
mod mutate;
mod read;
pub mod snippet;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::config::RestConfig;
use crate::plan::SOURCE;
use crate::plan::types::{DbPlan, MutatePlan, ReadNode, Statement};
use crate::request::ApiRequest;
use crate::request::media_type::{MediaType, PlanFormat};
use crate::request::preferences::{Count, Representation, Resolution};
use crate::request::range::RowRange;
use crate::schema_cache::model::Handler;
use crate::schema_cache::routines::Routine;
use body::ROWS;
use snippet::Snippet;

/// Which columns the one row of a result has, in this order. What an answer does not need is not
/// computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// How many rows there are in all.
    pub total: bool,
    /// The key of the one row that was inserted.
    pub location: bool,
    /// The body.
    pub body: bool,
    /// How many rows an upsert inserted.
    pub inserted: bool,
}

/// A statement with what its result looks like.
#[derive(Debug)]
pub struct MainQuery {
    /// The statement.
    pub main: Snippet,
    /// Its result; none: the rows of an EXPLAIN.
    pub layout: Option<Layout>,
    /// Asks the planner for the number of rows.
    pub explain_count: Option<Snippet>,
}

/// Writes the statement of `plan`.
pub fn build(plan: &DbPlan, request: &ApiRequest, config: &RestConfig) -> MainQuery {
    let mut sql = Snippet::new();
    if let MediaType::Plan {
        format, options, ..
    } = &plan.media_type
    {
        sql.push(match format {
            PlanFormat::Json => "explain (format json",
            PlanFormat::Text => "explain (format text",
        });
        for option in options {
            sql.push(", ").push(option.name());
        }
        sql.push(") ");
        explained::statement(&mut sql, plan, request, config);
        return MainQuery {
            main: sql,
            layout: None,
            explain_count: None,
        };
    }
    let preferences = &request.preferences;
    let mut explain_count = None;
    let layout = match &plan.statement {
        Statement::Read { read, .. } => {
            if preferences.explains_count() {
                let mut explain = Snippet::new();
                explain.push("explain (format json) ");
                count::rows(&mut explain, read);
                explain_count = Some(explain);
            }
            read_statement(&mut sql, plan, read, request, config)
        }
        Statement::Mutate { read, mutate, .. } => {
            mutate_statement(&mut sql, plan, read, mutate, request)
        }
        Statement::Call { read, call, .. } => {
            sql.push("with ").push(SOURCE).push(" as (");
            call::statement(&mut sql, call);
            sql.push(")");
            let counts = preferences.counts_rows();
            answer(
                &mut sql,
                plan,
                read,
                Counting {
                    wanted: counts,
                    separate: counts && is_bounded(request, config),
                    limit: None,
                    routine: Some(&call.routine),
                },
            )
        }
    };
    MainQuery {
        main: sql,
        layout: Some(layout),
        explain_count,
    }
}

/// The statement of `plan` with plain rows for an answer, which become JSON outside of PostgreSQL.
/// None where the answer needs more than the rows: a body of another kind, a total besides the
/// page, the key of what was inserted.
pub fn build_rows(plan: &DbPlan, request: &ApiRequest, config: &RestConfig) -> Option<Snippet> {
    let is_plain = matches!(
        plan.handler,
        Handler::Json | Handler::SingleJson { stripped: false }
    );
    if !is_plain || matches!(plan.media_type, MediaType::Plan { .. }) {
        return None;
    }
    let mut sql = Snippet::new();
    match &plan.statement {
        Statement::Read { read, .. } => {
            let preferences = &request.preferences;
            if preferences.explains_count()
                || (preferences.counts_rows() && is_bounded(request, config))
            {
                return None;
            }
            read::query(&mut sql, read);
        }
        Statement::Mutate { read, mutate, .. } if !counts_inserted(mutate, request) => {
            sql.push("with ").push(SOURCE).push(" as (");
            mutate::statement(&mut sql, mutate, true);
            sql.push(") ");
            read::query(&mut sql, read);
        }
        _ => return None,
    }
    Some(sql)
}

/// The statement of `plan` where it is a write that answers nothing but how many rows it touched,
/// which PostgreSQL says without being asked.
pub fn build_bare(plan: &DbPlan, request: &ApiRequest) -> Option<Snippet> {
    let Statement::Mutate { mutate, .. } = &plan.statement else {
        return None;
    };
    let located = request.preferences.representation == Some(Representation::HeadersOnly);
    if plan.handler != Handler::None || located || counts_inserted(mutate, request) {
        return None;
    }
    let mut sql = Snippet::new();
    mutate::statement(&mut sql, mutate, false);
    Some(sql)
}

/// How many rows are new, and not merged into old ones, is asked for.
fn counts_inserted(mutate: &MutatePlan, request: &ApiRequest) -> bool {
    let merges = request.preferences.resolution == Some(Resolution::Merge);
    matches!(mutate, MutatePlan::Insert { conditions, .. } if merges || !conditions.is_empty())
}

/// How the total is counted.
struct Counting<'a> {
    /// A total is asked for.
    wanted: bool,
    /// By a query of its own, because the page may be shorter.
    separate: bool,
    /// Counting may stop here.
    limit: Option<u64>,
    /// The function that is called.
    routine: Option<&'a Routine>,
}

fn is_bounded(request: &ApiRequest, config: &RestConfig) -> bool {
    config.max_rows.is_some() || request.top_range != RowRange::ALL
}

fn read_statement(
    sql: &mut Snippet,
    plan: &DbPlan,
    read: &ReadNode,
    request: &ApiRequest,
    config: &RestConfig,
) -> Layout {
    let counts = request.preferences.counts_rows();
    let estimated = request.preferences.count == Some(Count::Estimated);
    let counting = Counting {
        wanted: counts,
        separate: counts && is_bounded(request, config),
        limit: if estimated {
            config.max_rows.map(|rows| rows.saturating_add(1))
        } else {
            None
        },
        routine: None,
    };
    if body::needs_source(&plan.handler) {
        sql.push("with ").push(SOURCE).push(" as (");
        read::query(sql, read);
        sql.push(")");
        return answer_from(sql, plan, read, &counting, |sql| {
            sql.push("select * from ").qualified(&body::source());
        });
    }
    answer(sql, plan, read, counting)
}

fn answer(sql: &mut Snippet, plan: &DbPlan, read: &ReadNode, counting: Counting<'_>) -> Layout {
    answer_from(sql, plan, read, &counting, |sql| read::query(sql, read))
}

fn answer_from(
    sql: &mut Snippet,
    plan: &DbPlan,
    read: &ReadNode,
    counting: &Counting<'_>,
    rows: impl FnOnce(&mut Snippet),
) -> Layout {
    let single = counting.routine.is_some_and(|routine| !routine.returns_set);
    let page = if single {
        "1::bigint"
    } else {
        "pg_catalog.count(*)"
    };
    if !sql.sql().is_empty() {
        sql.push(" ");
    }
    sql.push("select ").push(page);
    let layout = Layout {
        total: counting.wanted,
        body: plan.handler != Handler::None,
        ..Layout::default()
    };
    if layout.total && counting.separate {
        // No table expression: mistakes in the rows' own query are to be found before its.
        sql.push(", (select pg_catalog.count(*) from (");
        count::rows(sql, read);
        if let Some(limit) = counting.limit {
            sql.push(" limit ").value(limit.to_string());
        }
        sql.push(") pgrst_counted)");
    } else if layout.total {
        sql.push(", ").push(page);
    }
    if layout.body {
        sql.push(", ");
        body::aggregate(sql, &plan.handler, counting.routine);
    }
    response_settings(sql);
    sql.push(" from (");
    rows(sql);
    sql.push(") ").push(ROWS);
    layout
}

/// What SQL functions said about the answer: read last, after all rows.
fn response_settings(sql: &mut Snippet) {
    sql.push(", nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')");
}

fn mutate_statement(
    sql: &mut Snippet,
    plan: &DbPlan,
    read: &ReadNode,
    mutate: &MutatePlan,
    request: &ApiRequest,
) -> Layout {
    let preferences = &request.preferences;
    let primary_key = match mutate {
        MutatePlan::Insert { primary_key, .. } => Some(primary_key),
        _ => None,
    };
    let located =
        primary_key.filter(|_| preferences.representation == Some(Representation::HeadersOnly));
    let layout = Layout {
        total: false,
        location: located.is_some(),
        body: plan.handler != Handler::None,
        inserted: counts_inserted(mutate, request),
    };
    sql.push("with ").push(SOURCE).push(" as (");
    mutate::statement(sql, mutate, true);
    sql.push(") select pg_catalog.count(*)");
    if let Some(primary_key) = located {
        sql.push(", ");
        body::location(sql, primary_key);
    }
    if layout.body {
        sql.push(", ");
        body::aggregate(sql, &plan.handler, None);
    }
    if layout.inserted {
        sql.push(", nullif(current_setting('pgrst.inserted', true), '')::bigint");
    }
    response_settings(sql);
    sql.push(" from (");
    if layout.body {
        read::query(sql, read);
    } else {
        sql.push("select * from ").push(SOURCE);
    }
    sql.push(") ").push(ROWS);
    layout
}
