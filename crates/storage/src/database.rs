//! Transactions as the caller, and as the service role where an endpoint acts beyond the caller's
//! rights. Both see what policies and triggers ask for: claims, the request, the operation.

use futures_util::future;
use hearth_core::Claims;
use hearth_pg::callers::Held;
use hearth_pg::scope::RequestSettings;
use hearth_pg::{Access, Conn, PgClient, Rights, Scoped};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use hearth_apps::ServiceRole;

use crate::call::Call;
use crate::error::StorageError;

const SEARCH_PATH: &str = "storage, public, extensions";
const SERVICE_ROLE: &str = "service_role";
const SERVICE_CLAIMS: &str = r#"{"role":"service_role"}"#;

/// Longest wait for somebody else's work on the same object.
const LOCK_TIMEOUT: &str = "5s";

const SET_STORAGE: &str = "select set_config('storage.operation', $1, true), \
     set_config('storage.allow_delete_query', 'true', true), \
     set_config('request.jwt.claim.role', $2, true), \
     set_config('request.jwt.claim.sub', $3, true), \
     set_config('lock_timeout', $4, true)";

/// Parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Call {
    /// A connection for the caller's statements.
    pub(crate) async fn caller_connection(&self) -> Result<Held<Conn>, StorageError> {
        Ok(self.context.app.database.caller().await?)
    }

    /// A connection for the service's own statements.
    pub(crate) async fn service_connection(&self) -> Result<Conn, StorageError> {
        Ok(self
            .context
            .app
            .database
            .service(ServiceRole::Storage)
            .await?)
    }

    /// A transaction with the rights of `claims`.
    pub(crate) async fn begin_as<'c>(
        &self,
        connection: &'c Conn,
        claims: &Claims,
        access: Access,
    ) -> Result<Tx<'c>, StorageError> {
        let role = claims.role().unwrap_or("anon");
        let headers = self.headers_json();
        let rights = Rights {
            role,
            claims: claims.as_json(),
            search_path: SEARCH_PATH,
            request: RequestSettings {
                method: self.method.as_str(),
                path: self.uri.path(),
                headers: &headers,
                cookies: "",
            },
        };
        let subject = claims.subject().unwrap_or_default();
        Tx::begin(
            connection,
            access,
            &rights,
            [self.operation, role, subject, "0"],
        )
        .await
    }

    /// A transaction beyond the caller's rights.
    pub(crate) async fn begin_as_service<'c>(
        &self,
        connection: &'c Conn,
    ) -> Result<Tx<'c>, StorageError> {
        begin_as_service(connection, self.operation, Access::ReadWrite).await
    }

    /// One reading statement beyond the caller's rights: as the owner of the tables, whom no policy
    /// binds, and without a transaction around it.
    pub(crate) async fn read_as_service(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StorageError> {
        let connection = self.service_connection().await?;
        let statement = connection.prepare(sql).await?;
        Ok(connection.query(&statement, params).await?)
    }

    /// One reading statement with the rights of `claims`.
    pub(crate) async fn read_as(
        &self,
        claims: &Claims,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StorageError> {
        let connection = self.caller_connection().await?;
        let mut tx = self.begin_as(&connection, claims, Access::ReadOnly).await?;
        tx.query(sql, params).await
    }
}

fn service_rights() -> Rights<'static> {
    Rights {
        role: SERVICE_ROLE,
        claims: SERVICE_CLAIMS,
        search_path: SEARCH_PATH,
        request: RequestSettings::default(),
    }
}

/// A transaction beyond the caller's rights, for work that outlives its request.
pub(crate) async fn begin_as_service<'c>(
    connection: &'c Conn,
    operation: &str,
    access: Access,
) -> Result<Tx<'c>, StorageError> {
    // The role is the one that users' triggers on `storage.objects` are written for: it may write
    // to the tables of `public`, which the owner of `storage` may not.
    let settings = [operation, SERVICE_ROLE, "", LOCK_TIMEOUT];
    Tx::begin(connection, access, &service_rights(), settings).await
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
pub(crate) struct Tx<'c> {
    scoped: Scoped<'c>,
    settings: Option<[String; 4]>,
}

impl<'c> Tx<'c> {
    async fn begin(
        client: &'c PgClient,
        access: Access,
        rights: &Rights<'_>,
        settings: [&str; 4],
    ) -> Result<Self, StorageError> {
        let scoped = Scoped::begin(client, access, rights).await?;
        Ok(Self {
            scoped,
            settings: Some(settings.map(str::to_owned)),
        })
    }

    /// Runs a statement and gives its rows. The first one takes storage's own settings along in the
    /// same round trip.
    pub(crate) async fn query(
        &mut self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StorageError> {
        let client = self.scoped.client();
        let Some(settings) = self.settings.take() else {
            return Ok(self.scoped.query(sql, params).await?);
        };
        let set = client.prepare(SET_STORAGE).await?;
        let statement = client.prepare(sql).await?;
        let (set, rows) = future::join(
            client.execute_raw(&set, settings.iter()),
            client.query(&statement, params),
        )
        .await;
        set?;
        Ok(rows?)
    }

    /// Runs statements one after the other and commits, all in one round trip; gives the rows of
    /// each. Where one is refused, nothing is committed.
    pub(crate) async fn finish(
        self,
        statements: Vec<(&str, Params<'_>)>,
    ) -> Result<Vec<Vec<Row>>, StorageError> {
        let client = self.scoped.client();
        let set = match &self.settings {
            Some(settings) => Some((client.prepare(SET_STORAGE).await?, settings.clone())),
            None => None,
        };
        let mut queries = Vec::with_capacity(statements.len());
        for (sql, params) in statements {
            let statement = client.prepare(sql).await?;
            queries.push(async move { client.query(&statement, params).await });
        }
        // Each request is on its way when its future has been polled once: in this order.
        let (set, rows, committed) = future::join3(
            async {
                match &set {
                    Some((statement, settings)) => {
                        client.execute_raw(statement, settings.iter()).await
                    }
                    None => Ok(0),
                }
            },
            future::join_all(queries),
            self.scoped.commit(),
        )
        .await;
        set?;
        let rows = rows.into_iter().collect::<Result<_, _>>()?;
        committed?;
        Ok(rows)
    }

    /// Commits.
    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        Ok(self.scoped.commit().await?)
    }
}
