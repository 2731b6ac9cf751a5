//! A transaction of one statement that is sent with everything around it: nothing stands between
//! the settings, the statement and its commit.

use hearth_pg::callers::Transactions;
use hearth_pg::scope::RequestSettings;
use hearth_pg::{Access, Footprint, JsonShape, PgError, Rights, WireClient, Work};

use super::decode::{DbResult, decode};
use super::{Job, Refusal, Seen, may_be_stale, params};
use crate::plan::types::DbPlan;
use crate::query::snippet::Snippet;
use crate::query::{self, Layout};
use crate::schema_cache::model::Handler;

/// What SQL functions said about the answer, asked after the rows.
const RESPONSE_SETTINGS: &str = "select nullif(current_setting('response.headers', true), ''), \
     nullif(current_setting('response.status', true), '')";

/// How a statement answers.
#[derive(Clone, Copy)]
enum Form {
    /// Only how many rows it touched.
    Affected,
    /// Rows, which become the body here.
    Rows(JsonShape),
    /// One row that has the body and whatever else the answer needs.
    Aggregate(Option<Layout>),
}

impl Job<'_> {
    pub(super) async fn run_in_one_trip(
        &self,
        pool: Transactions<'_>,
        plan: &DbPlan,
        access: Access,
    ) -> Result<DbResult, Refusal> {
        let footprint = self.footprint(plan);
        let search_path = self.config().search_path(&self.request.schema);
        let seen;
        let rights = match footprint {
            Footprint::Open | Footprint::Asking => {
                seen = Seen::of(self.headers);
                self.rights(&search_path, &seen)
            }
            // Nothing that runs can ask for more of the request.
            Footprint::Quiet => Rights {
                role: &self.caller.role,
                claims: self.caller.claims.as_json(),
                search_path: &search_path,
                request: RequestSettings::default(),
            },
        };
        let work = Work {
            access,
            rights,
            footprint,
            sql: "",
            params: &[],
        };
        let mut conn = pool.get().await?;
        conn.use_schema(self.snapshot.version, &self.snapshot.cache.user_types)
            .await?;
        if let Some((form, sql)) = self.lean(plan, footprint)
            && let Some(result) = self.ask_again(&mut conn, form, &sql, &work).await?
        {
            self.check(plan, &result)?;
            return Ok(result);
        }
        let query = query::build(plan, self.request, self.config());
        let form = Form::Aggregate(query.layout);
        let result = self.ask_again(&mut conn, form, &query.main, &work).await?;
        // The next caller need not wait until this one's answer is written.
        drop(conn);
        let result = result.unwrap_or_default();
        self.check(plan, &result)?;
        Ok(result)
    }

    /// The statement that leaves most to us, where the plan allows it. What a write answers cannot
    /// be asked for twice, so that an open one's rows are not taken as they come.
    fn lean(&self, plan: &DbPlan, footprint: Footprint) -> Option<(Form, Snippet)> {
        if plan.writes && footprint == Footprint::Open {
            return None;
        }
        if let Some(sql) = query::build_bare(plan, self.request) {
            return Some((Form::Affected, sql));
        }
        let shape = match plan.handler {
            Handler::SingleJson { .. } => JsonShape::FirstRow,
            _ => JsonShape::Array,
        };
        let sql = query::build_rows(plan, self.request, self.config())?;
        Some((Form::Rows(shape), sql))
    }

    /// Runs the statement, once more where the plan that the connection kept does not fit any more
    /// after DDL: nothing was committed then. A statement that could not even be prepared is not
    /// kept, and is not tried again.
    async fn ask_again(
        &self,
        conn: &mut WireClient,
        form: Form,
        sql: &Snippet,
        work: &Work<'_>,
    ) -> Result<Option<DbResult>, PgError> {
        let params = params(sql);
        let work = Work {
            sql: sql.sql(),
            params: &params,
            ..*work
        };
        match self.ask(conn, form, &work).await {
            Err(error) if may_be_stale(&error) && conn.is_prepared(work.sql) => {
                conn.forget_statements();
                self.ask(conn, form, &work).await
            }
            result => result,
        }
    }

    /// None where PostgreSQL has to write the body itself.
    async fn ask(
        &self,
        conn: &mut WireClient,
        form: Form,
        work: &Work<'_>,
    ) -> Result<Option<DbResult>, PgError> {
        let shape = match form {
            Form::Affected => {
                let page = conn.affected(work).await?;
                return Ok(Some(DbResult {
                    page: i64::try_from(page).unwrap_or(i64::MAX),
                    ..DbResult::default()
                }));
            }
            Form::Aggregate(layout) => {
                return decode(&conn.transaction(work).await?, layout).map(Some);
            }
            Form::Rows(shape) => shape,
        };
        // Nobody else can have set these.
        let after = (work.footprint == Footprint::Open).then_some(RESPONSE_SETTINGS);
        let Some(rows) = conn.json(work, shape, after).await? else {
            return Ok(None);
        };
        let page = i64::try_from(rows.rows).unwrap_or(i64::MAX);
        let said = rows.after.first();
        Ok(Some(DbResult {
            page,
            total: self.request.preferences.counts_rows().then_some(page),
            body: rows.json,
            headers: said.map(|row| row.try_get(0)).transpose()?.flatten(),
            status: said.map(|row| row.try_get(1)).transpose()?.flatten(),
            ..DbResult::default()
        }))
    }
}
