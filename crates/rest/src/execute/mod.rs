//! Fourth stage: the only one with a connection. One transaction, with the caller's rights; in one
//! network round trip wherever nothing has to be checked before the commit.

mod decode;
mod one_trip;
mod scoped;

use hearth_core::Claims;
use hearth_pg::callers::Held;
use hearth_pg::scope::RequestSettings;
use hearth_pg::{Access, Conn, Footprint, Isolation, PgError, Rights, Scoped};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::config::RestConfig;
use crate::error::RestError;
use crate::plan::footprint;
use crate::plan::types::{DbPlan, Statement};
use crate::query::snippet::{Bind, Snippet};
use crate::request::ApiRequest;
use crate::request::headers::{cookies_json, headers_json};
use crate::request::media_type::MediaType;
use crate::request::preferences::TransactionEnd;
use crate::request::types::Mutation;
use crate::schema_cache::Snapshot;
use crate::site::Site;

pub use decode::DbResult;

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

/// What of a request's headers SQL can see.
struct Seen {
    /// `request.headers`
    headers: String,
    /// `request.cookies`
    cookies: String,
}

impl Seen {
    fn of(headers: &http::HeaderMap) -> Self {
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
    /// Its headers.
    pub headers: &'a http::HeaderMap,
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
    pub async fn run(&self, plan: &DbPlan) -> Result<DbResult, RestError> {
        let access = if plan.writes {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let specials = self.specials(Some(plan));
        let simple = specials == Specials::default()
            && self.config().pre_request.is_none()
            && !self.explains_count(plan)
            && !self.rolls_back()
            && !self.checks_before_commit(plan);
        let attempt = async || match self.site.callers.transactions() {
            Some(pool) if simple => self.run_in_one_trip(pool, plan, access).await,
            // On the heap, so that the usual request's future stays small.
            _ => Box::pin(self.run_scoped(plan, access, &specials, simple)).await,
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

    /// What a plan's statement may touch besides its rows.
    fn footprint(&self, plan: &DbPlan) -> Footprint {
        if self.site.hears_ddl {
            footprint::of(plan, &self.snapshot.cache)
        } else {
            Footprint::Open
        }
    }

    /// Whether the planner is asked for the number of rows.
    fn explains_count(&self, plan: &DbPlan) -> bool {
        matches!(plan.statement, Statement::Read { .. })
            && self.request.preferences.explains_count()
    }

    fn rights<'a>(&'a self, search_path: &'a str, seen: &'a Seen) -> Rights<'a> {
        Rights {
            role: &self.caller.role,
            claims: self.caller.claims.as_json(),
            search_path,
            request: RequestSettings {
                method: self.request.method.as_str(),
                path: &self.request.path,
                headers: &seen.headers,
                cookies: &seen.cookies,
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

    /// `db-pre-request`: a function of the application's own that comes before everything else.
    async fn run_pre_request(&self, scoped: &Scoped<'_>) -> Result<(), PgError> {
        let Some(function) = &self.config().pre_request else {
            return Ok(());
        };
        let mut call = String::from("select ");
        if let Some(schema) = &function.schema {
            hearth_pg::identifier::push_quoted(&mut call, schema);
            call.push('.');
        }
        hearth_pg::identifier::push_quoted(&mut call, &function.name);
        call.push_str("()");
        scoped.query(&call, &[]).await?;
        Ok(())
    }

    fn check(&self, plan: &DbPlan, result: &DbResult) -> Result<(), Refusal> {
        if matches!(plan.media_type, MediaType::Plan { .. }) {
            // Lines of an execution plan, not rows.
            return Ok(());
        }
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
        let seen = Seen::of(self.headers);
        let rights = self.rights(&search_path, &seen);
        let _touches = self.config().pre_request.is_some().then(|| conn.touches());
        let work = async {
            let Specials {
                isolation,
                of_login,
                of_caller,
            } = self.specials(None);
            let scoped =
                Scoped::begin_with(conn, Access::ReadOnly, isolation, &of_login, &rights).await?;
            scoped.set(&of_caller).await?;
            self.run_pre_request(&scoped).await?;
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
