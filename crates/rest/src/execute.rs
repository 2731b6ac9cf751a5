//! Fourth stage: the only one with a connection. One transaction, with the caller's rights; in one
//! network round trip wherever nothing has to be checked before the commit.

use hearth_core::Claims;
use hearth_pg::callers::{Held, Transactions};
use hearth_pg::scope::{self, RequestSettings};
use hearth_pg::{Access, Conn, Isolation, PgClient, PgError, Rights, Scoped};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::config::RestConfig;
pub use crate::decode::DbResult;
use crate::decode::decode;
use crate::error::RestError;
use crate::plan::types::{DbPlan, Statement};
use crate::query::MainQuery;
use crate::query::snippet::{Bind, Snippet};
use crate::request::ApiRequest;
use crate::request::headers::{cookies_json, headers_json};
use crate::request::media_type::MediaType;
use crate::request::preferences::{Count, TransactionEnd};
use crate::request::types::Mutation;
use crate::schema_cache::Snapshot;
use crate::site::Site;

const ISOLATION: &str = "default_transaction_isolation";

/// What a transaction has besides the caller's rights.
#[derive(Default, PartialEq, Eq)]
struct Specials<'a> {
    isolation: Isolation,
    /// Settings of the role, which the login may have been granted.
    of_login: Vec<(&'a str, &'a str)>,
    /// Settings of the function and the preferred time zone.
    of_caller: Vec<(&'a str, &'a str)>,
}

/// Whom a request is made by.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The PostgreSQL role.
    pub role: String,
    /// `request.jwt.claims`
    pub claims: Claims,
    /// The role is not that of everybody.
    pub authenticated: bool,
}

impl Caller {
    /// The caller that verified `claims` speak for.
    pub fn new(claims: Claims, config: &RestConfig) -> Self {
        let role = match claims.get("role") {
            Some(Value::String(role)) => role.clone(),
            Some(Value::Null) | None => config.anon_role.clone(),
            Some(other) => other.to_string(),
        };
        let claims = if claims.role() == Some(role.as_str()) {
            claims
        } else {
            let mut fields = claims.fields().clone();
            fields.insert("role".to_owned(), Value::String(role.clone()));
            Claims::new(fields)
        };
        Self {
            authenticated: role != config.anon_role,
            role,
            claims,
        }
    }
}

/// What of the request SQL can see.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `request.headers`
    pub headers: String,
    /// `request.cookies`
    pub cookies: String,
}

impl Seen {
    /// What of these headers SQL can see.
    pub fn of(headers: &http::HeaderMap) -> Self {
        Self {
            headers: headers_json(headers),
            cookies: cookies_json(headers),
        }
    }
}

/// Everything a transaction is run with.
pub struct Job<'a> {
    /// Where it runs.
    pub site: &'a Site<'a>,
    /// The schema and the configuration.
    pub snapshot: &'a Snapshot,
    /// The request.
    pub request: &'a ApiRequest,
    /// Who makes it.
    pub caller: &'a Caller,
    /// What SQL sees of it.
    pub seen: &'a Seen,
}

impl Job<'_> {
    fn config(&self) -> &RestConfig {
        &self.snapshot.config
    }

    async fn connect(&self) -> Result<Held<Conn>, RestError> {
        let conn = self.site.callers.session().await;
        conn.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &PgError) -> RestError {
        if error.sqlstate().is_none() {
            let reason = hearth_pg::connect::describe(error);
            tracing::warn!(app = %self.site.name, %reason, "no answer from PostgreSQL");
        }
        RestError::postgres(error, self.caller.authenticated)
    }

    /// What the transaction is besides the usual.
    fn specials<'a>(&'a self, plan: Option<&'a DbPlan>) -> Specials<'a> {
        fn isolation(settings: &[(String, String)]) -> Option<&str> {
            let level = settings.iter().find(|(name, _)| name == ISOLATION);
            level.map(|(_, value)| value.as_str())
        }
        // The level is no setting any more once the transaction has begun.
        fn pairs(settings: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
            let others = settings.iter().filter(|(name, _)| name != ISOLATION);
            others.map(|(name, value)| (name.as_str(), value.as_str()))
        }
        let of_role = self.snapshot.settings_of_roles.get(&self.caller.role);
        let of_role = of_role.map_or(&[][..], Vec::as_slice);
        let routine = match plan.map(|plan| &plan.statement) {
            Some(Statement::Call { call, .. }) => Some(call.routine.as_ref()),
            _ => None,
        };
        let of_function = routine.map_or(&[][..], |routine| routine.settings.as_slice());
        let level = routine.and_then(|routine| routine.isolation.as_deref());
        let zone = self.request.preferences.timezone.as_deref();
        Specials {
            isolation: level
                .or_else(|| isolation(of_role))
                .map(Isolation::parse)
                .unwrap_or_default(),
            of_login: pairs(of_role).collect(),
            of_caller: zone
                .map(|zone| ("timezone", zone))
                .into_iter()
                .chain(pairs(of_function))
                .chain(pairs(&self.config().app_settings))
                .collect(),
        }
    }

    fn rolls_back(&self) -> bool {
        match self.request.preferences.transaction {
            Some(TransactionEnd::Rollback) => true,
            Some(TransactionEnd::Commit) => false,
            None => self.config().tx_rollback_all,
        }
    }

    /// Runs a plan.
    ///
    /// # Errors
    /// PostgreSQL's refusals, and checks that fail before the commit.
    pub async fn run(&self, plan: &DbPlan, query: &MainQuery) -> Result<DbResult, RestError> {
        let search_path = self.config().search_path(&self.request.schema);
        let rights = self.rights(&search_path);
        let access = if plan.writes {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let specials = self.specials(Some(plan));
        let simple = specials == Specials::default()
            && self.config().pre_request.is_none()
            && query.explain_count.is_none()
            && !self.rolls_back()
            && !self.checks_before_commit(plan);
        let attempt = async || match self.site.callers.transactions() {
            // What a function leaves in its session is cleared on the other connections alone.
            Some(pool) if simple && !matches!(plan.statement, Statement::Call { .. }) => {
                self.run_in_one_trip(pool, plan, query, access, &rights)
                    .await
            }
            _ => {
                self.run_scoped(plan, query, access, &rights, &specials, simple)
                    .await
            }
        };
        let mut result = attempt().await;
        if !plan.writes && matches!(&result, Err(Refusal::Postgres(error)) if is_lost(error)) {
            // The connection broke under a read: PostgreSQL restarts, or a pooler lost it.
            result = attempt().await;
        }
        result.map_err(|refusal| match refusal {
            Refusal::Postgres(error) => self.refused(&error),
            Refusal::Check(error) => error,
        })
    }

    /// Nothing stands between the settings, the statement and its commit.
    async fn run_in_one_trip(
        &self,
        pool: Transactions<'_>,
        plan: &DbPlan,
        query: &MainQuery,
        access: Access,
        rights: &Rights<'_>,
    ) -> Result<DbResult, Refusal> {
        let (sql, params) = (query.main.sql(), params(&query.main));
        let mut conn = pool.get().await?;
        conn.use_schema_version(self.snapshot.version);
        let rows = match conn.transaction(access, rights, sql, &params).await {
            // As for scoped connections.
            Err(error) if may_be_stale(&error) && conn.is_prepared(sql) => {
                conn.forget_statements();
                conn.transaction(access, rights, sql, &params).await
            }
            result => result,
        }?;
        // The next caller need not wait until this one's answer is written.
        drop(conn);
        let result = decode(&rows, query.layout)?;
        self.check(plan, &result)?;
        Ok(result)
    }

    async fn run_scoped(
        &self,
        plan: &DbPlan,
        query: &MainQuery,
        access: Access,
        rights: &Rights<'_>,
        specials: &Specials<'_>,
        simple: bool,
    ) -> Result<DbResult, Refusal> {
        let conn = self.site.callers.session().await?;
        conn.use_schema_version(self.snapshot.version);
        let result = self
            .run_once(&conn, plan, query, access, rights, specials, simple)
            .await;
        match result {
            // After DDL the plan that this connection kept may not fit any more. Nothing was
            // committed, so once more with a fresh one; a statement that could not even be
            // prepared is not kept, and is not tried again.
            Err(Refusal::Postgres(error))
                if may_be_stale(&error) && conn.prepared(query.main.sql(), &[]).is_some() =>
            {
                conn.forget_statements();
                self.run_once(&conn, plan, query, access, rights, specials, simple)
                    .await
            }
            result => result,
        }
    }

    fn rights<'a>(&'a self, search_path: &'a str) -> Rights<'a> {
        Rights {
            role: &self.caller.role,
            claims: self.caller.claims.as_json(),
            search_path,
            request: RequestSettings {
                method: self.request.method.as_str(),
                path: &self.request.path,
                headers: &self.seen.headers,
                cookies: &self.seen.cookies,
            },
        }
    }

    /// Whether the answer may refuse what was written.
    fn checks_before_commit(&self, plan: &DbPlan) -> bool {
        let preferences = &self.request.preferences;
        let limited = preferences.is_strict() && preferences.max_affected.is_some();
        let singular = matches!(plan.media_type, MediaType::Singular { .. });
        let put = matches!(
            plan.statement,
            Statement::Mutate {
                mutation: Mutation::SingleUpsert,
                ..
            }
        );
        plan.writes && (limited || singular || put)
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
        let called = matches!(plan.statement, Statement::Call { .. });
        let _touches = (called || self.config().pre_request.is_some()).then(|| conn.touches());
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
        if let Some(function) = &self.config().pre_request {
            let mut call = String::from("select ");
            if let Some(schema) = &function.schema {
                hearth_pg::identifier::push_quoted(&mut call, schema);
                call.push('.');
            }
            hearth_pg::identifier::push_quoted(&mut call, &function.name);
            call.push_str("()");
            scoped.query(&call, &[]).await?;
        }
        let rows = scoped.query(query.main.sql(), &params).await?;
        let mut result = decode(&rows, query.layout)?;
        self.check(plan, &result)?;
        if let Some(explain) = &query.explain_count {
            let rows = scoped.query(explain.sql(), &self::params(explain)).await?;
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

    fn check(&self, plan: &DbPlan, result: &DbResult) -> Result<(), Refusal> {
        let mutation = match &plan.statement {
            Statement::Mutate { mutation, .. } => Some(*mutation),
            _ => None,
        };
        if mutation == Some(Mutation::SingleUpsert) {
            return if result.page == 1 {
                Ok(())
            } else {
                Err(Refusal::Check(RestError::PutKey))
            };
        }
        let singular = matches!(plan.media_type, MediaType::Singular { .. });
        if singular && result.page != 1 {
            return Err(Refusal::Check(RestError::NotSingular(result.page)));
        }
        let limitable = matches!(plan.statement, Statement::Call { .. })
            || matches!(mutation, Some(Mutation::Update | Mutation::Delete));
        let preferences = &self.request.preferences;
        match preferences.max_affected {
            Some(limit) if limitable && preferences.is_strict() && result.page > limit => {
                Err(Refusal::Check(RestError::MaxAffected(result.page)))
            }
            _ => Ok(()),
        }
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

    /// Runs read-only queries as the caller, one row set each: for descriptions of the schema.
    ///
    /// # Errors
    /// PostgreSQL's refusals.
    pub async fn inspect(
        &self,
        queries: &[(&str, &[&(dyn ToSql + Sync)])],
    ) -> Result<Vec<Vec<Row>>, RestError> {
        let conn = &self.connect().await?;
        let search_path = self.config().search_path(&self.request.schema);
        let rights = self.rights(&search_path);
        let work = async {
            let Specials {
                isolation,
                of_login,
                of_caller,
            } = self.specials(None);
            let scoped =
                Scoped::begin_with(conn, Access::ReadOnly, isolation, &of_login, &rights).await?;
            scoped.set(&of_caller).await?;
            let mut all = Vec::with_capacity(queries.len());
            for (sql, params) in queries {
                all.push(scoped.query(sql, params).await?);
            }
            scoped.commit().await?;
            Ok(all)
        };
        work.await.map_err(|error: PgError| self.refused(&error))
    }
}

enum Refusal {
    Postgres(PgError),
    Check(RestError),
}

impl From<PgError> for Refusal {
    fn from(error: PgError) -> Self {
        Self::Postgres(error)
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

fn params(snippet: &Snippet) -> Vec<&(dyn ToSql + Sync)> {
    snippet
        .binds()
        .iter()
        .map(|bind: &Bind| bind as &(dyn ToSql + Sync))
        .collect()
}

/// True where nobody is at the other end any more.
fn is_lost(error: &PgError) -> bool {
    error.db_error().is_none() && error.is_unavailable()
}

/// Errors that a kept plan can cause after the tables behind it changed.
fn may_be_stale(error: &PgError) -> bool {
    error.sqlstate().is_some_and(|state| match state.code() {
        "42501" => false,
        "0A000" | "26000" | "XX000" => true,
        code => code.starts_with("42"),
    })
}

fn planned_rows(rows: &[Row]) -> Result<Option<i64>, tokio_postgres::Error> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let plan: Value = row.try_get(0)?;
    Ok(plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_i64))
}
