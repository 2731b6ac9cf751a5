//! `GET /apps/{ref}/migrations`: what made an application's database what it is: Hearth's own
//! migrations, and those that the Supabase CLI has recorded.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use hearth_pg::connect::connect;
use serde::Serialize;
use serde_json::{Value, json};

use crate::access::Target;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input;

/// Most of the Supabase CLI's migrations that are told.
const MOST: i64 = 500;

/// Both histories, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Migrations {
    hearth: Vec<HearthMigration>,
    /// None where the Supabase CLI has never been used here.
    #[schema(required)]
    supabase: Option<Vec<SupabaseMigration>>,
}

/// A file of Hearth's.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct HearthMigration {
    service: String,
    /// 0 for functions and views, which are applied again when their text changes.
    number: i32,
    name: String,
    applied_at: DateTime<Utc>,
}

/// A row of `supabase_migrations.schema_migrations`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SupabaseMigration {
    version: String,
    name: String,
    statements: Vec<String>,
}

/// What has been applied to the database.
#[utoipa::path(
    get,
    path = "/apps/{ref}/migrations",
    tag = "operation",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = Migrations)),
)]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    target: Target,
) -> Result<Response, AdminError> {
    let migrations = Migrations {
        hearth: hearth(&target).await?,
        supabase: supabase(&admin, &target).await?,
    };
    Ok(input::json(&json!(migrations)))
}

/// Nobody but the admin login reads schema `hearth`, where nothing of the users' is.
async fn hearth(target: &Target) -> Result<Vec<HearthMigration>, AdminError> {
    let mut config = target.app.database.admin_config();
    config.options("-c search_path=pg_catalog");
    let (client, _) = connect(&config).await?;
    let rows = client
        .query(
            "select service, number, name, applied_at from hearth.migrations
             order by applied_at desc, service, number desc, name",
            &[],
        )
        .await?;
    let migrations = rows.iter().map(|row| HearthMigration {
        service: row.get(0),
        number: row.get(1),
        name: row.get(2),
        applied_at: row.get(3),
    });
    Ok(migrations.collect())
}

/// As the owner: the table is the application's own, and may be anything.
async fn supabase(
    admin: &Admin,
    target: &Target,
) -> Result<Option<Vec<SupabaseMigration>>, AdminError> {
    let session = admin.session(&target.app).await?;
    let client = session.client()?;
    let there = "select to_regclass('supabase_migrations.schema_migrations') is not null";
    let there: bool = client.query_one(there, &[]).await?.get(0);
    let rows = if there {
        // Older versions of the CLI have fewer columns.
        let all = "select to_jsonb(m) from supabase_migrations.schema_migrations m
            order by m.version desc limit $1";
        Some(client.query(all, &[&MOST]).await?)
    } else {
        None
    };
    session.release();
    let migrations = rows.map(|rows| {
        let migrations = rows.iter().map(|row| written(&row.get::<_, Value>(0)));
        migrations.collect()
    });
    Ok(migrations)
}

fn written(row: &Value) -> SupabaseMigration {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let statements = row["statements"].as_array().into_iter().flatten();
    SupabaseMigration {
        version: text("version"),
        name: text("name"),
        statements: statements
            .filter_map(|statement| statement.as_str().map(str::to_owned))
            .collect(),
    }
}
