//! A transaction of several statements: whatever has to be set, asked or checked between begin and
//! commit, and every call of a function.

use hearth_pg::scope;
use hearth_pg::{Access, PgClient, Rights, Scoped};
use serde_json::Value;
use tokio_postgres::Row;

use super::decode::{DbResult, decode};
use super::{Job, Refusal, Seen, Specials, may_be_stale, params};
use crate::plan::types::DbPlan;
use crate::query::{self, MainQuery};
use crate::request::preferences::Count;

impl Job<'_> {
    pub(super) async fn run_scoped(
        &self,
        plan: &DbPlan,
        access: Access,
        specials: &Specials<'_>,
        simple: bool,
    ) -> Result<DbResult, Refusal> {
        let query = query::build(plan, self.request, self.config());
        let search_path = self.config().search_path(&self.request.schema);
        let seen = Seen::of(self.headers);
        let rights = &self.rights(&search_path, &seen);
        let conn = self.site.callers.session().await?;
        conn.use_schema_version(self.snapshot.version);
        let result = self
            .run_once(&conn, plan, &query, access, rights, specials, simple)
            .await;
        match result {
            // After DDL the plan that this connection kept may not fit any more. Nothing was
            // committed, so once more with a fresh one; a statement that could not even be
            // prepared is not kept, and is not tried again.
            Err(Refusal::Postgres(error))
                if may_be_stale(&error) && conn.prepared(query.main.sql(), &[]).is_some() =>
            {
                conn.forget_statements();
                self.run_once(&conn, plan, &query, access, rights, specials, simple)
                    .await
            }
            result => result,
        }
    }

    #[allow(clippy::too_many_arguments)]
    async fn run_once(
        &self,
        conn: &PgClient,
        plan: &DbPlan,
        query: &MainQuery,
        access: Access,
        rights: &Rights<'_>,
        specials: &Specials<'_>,
        simple: bool,
    ) -> Result<DbResult, Refusal> {
        let params = params(&query.main);
        // Whatever the plan looks like: a policy of a moment ago may run users' code.
        let _touches = conn.touches();
        if simple {
            let rows = scope::run(conn, access, rights, query.main.sql(), &params).await?;
            let result = decode(&rows, query.layout)?;
            self.check(plan, &result)?;
            return Ok(result);
        }
        let Specials {
            isolation,
            of_login,
            of_caller,
        } = specials;
        let scoped = Scoped::begin_with(conn, access, *isolation, of_login, rights).await?;
        scoped.set(of_caller).await?;
        self.run_pre_request(&scoped).await?;
        let rows = scoped.query(query.main.sql(), &params).await?;
        let mut result = decode(&rows, query.layout)?;
        self.check(plan, &result)?;
        if let Some(explain) = &query.explain_count {
            let rows = scoped.query(explain.sql(), &super::params(explain)).await?;
            self.settle_total(&mut result, planned_rows(&rows)?);
        }
        if self.rolls_back() {
            // Deferred constraints must be able to refuse, as they would at a commit.
            scoped.execute("set constraints all immediate", &[]).await?;
            scoped.rollback().await?;
        } else {
            scoped.commit().await?;
        }
        Ok(result)
    }

    fn settle_total(&self, result: &mut DbResult, planned: Option<i64>) {
        result.total = match self.request.preferences.count {
            Some(Count::Planned) => planned,
            Some(Count::Estimated) => {
                let counted_all = match (result.total, self.config().max_rows) {
                    (Some(total), Some(most)) => total <= i64::try_from(most).unwrap_or(i64::MAX),
                    _ => false,
                };
                if counted_all {
                    result.total
                } else {
                    result.total.max(planned)
                }
            }
            _ => result.total,
        };
    }
}

fn planned_rows(rows: &[Row]) -> Result<Option<i64>, tokio_postgres::Error> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let plan: Value = row.try_get(0)?;
    Ok(plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_i64))
}
