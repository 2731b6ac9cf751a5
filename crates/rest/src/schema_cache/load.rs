//! Loads the schema cache: a handful of catalog queries in one read-only transaction, sent
//! together. The search path is empty in it, so that the server writes out every name in full.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_pg::{PgClient, PgError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::model::{Handler, MediaHandler, Qualified, SchemaCache, Table};
use super::quiet::Quietness;
use super::relationships::{
    Cardinality, ComputedRelationship, KeyRelationship, KeyUse, Relationship, derive,
};
use super::routines::Routine;
use super::views::{Key, View, view_keys};
use crate::config::RestConfig;
use crate::request::media_type::MediaType;

const TABLES: &str = include_str!("sql/tables.sql");
const KEYS: &str = include_str!("sql/keys.sql");
const VIEWS: &str = include_str!("sql/views.sql");
const ROUTINES: &str = include_str!("sql/routines.sql");
const COMPUTED: &str = include_str!("sql/computed.sql");
const REPRESENTATIONS: &str = include_str!("sql/representations.sql");
const MEDIA_HANDLERS: &str = include_str!("sql/media_handlers.sql");
const QUIET: &str = include_str!("sql/quiet.sql");
const SETTINGS: &str = include_str!("sql/settings.sql");

/// Why a schema cache could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// PostgreSQL is away or refuses.
    #[error("{}", hearth_pg::connect::describe(.0))]
    Postgres(#[from] PgError),
    /// A catalog query answered something else than expected.
    #[error("catalog query answered unexpectedly: {0}")]
    Decode(#[from] serde_json::Error),
    /// The application is gone.
    #[error("the application is gone")]
    Gone,
}

impl From<tokio_postgres::Error> for LoadError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

/// What stands in the database besides the schema: settings.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    notifies_ddl: bool,
    api: Vec<(String, String)>,
    roles: Vec<RoleSetting>,
}

#[derive(Debug, Deserialize)]
struct RoleSetting {
    role: String,
    name: String,
    value: String,
}

/// Loads the configuration in force and the schema cache for it.
///
/// # Errors
/// If PostgreSQL is away or refuses.
pub(super) async fn load(
    client: &PgClient,
    config: RestConfig,
) -> Result<(RestConfig, SchemaCache), LoadError> {
    client
        .batch_execute(
            "begin isolation level repeatable read read only; set local search_path to ''",
        )
        .await?;
    let result = load_in_transaction(client, config).await;
    match &result {
        Ok(_) => client.batch_execute("commit").await?,
        Err(_) => {
            let _ = client.batch_execute("rollback").await;
        }
    }
    result
}

async fn load_in_transaction(
    client: &PgClient,
    config: RestConfig,
) -> Result<(RestConfig, SchemaCache), LoadError> {
    let settings: Settings = one(client, SETTINGS, &[]).await?;
    let config = config.overridden(&settings.api);
    let schemas = &config.schemas;
    let mut seen_schemas = schemas.clone();
    seen_schemas.extend(config.extra_search_path.iter().cloned());
    let of_schemas = [schemas];
    let of_views = [&seen_schemas];
    let of_routines = [schemas, &config.hoisted_settings];
    let (mut tables, keys, views, routines, computed, representations, handlers, quietness) = futures_util::try_join!(
        one::<Vec<Table>>(client, TABLES, &of_schemas),
        one::<Vec<Key>>(client, KEYS, &[]),
        one::<Vec<View>>(client, VIEWS, &of_views),
        one::<Vec<Routine>>(client, ROUTINES, &of_routines),
        one::<Vec<ComputedRelationship>>(client, COMPUTED, &[]),
        one::<Vec<(String, String, String)>>(client, REPRESENTATIONS, &[]),
        one::<Vec<[String; 6]>>(client, MEDIA_HANDLERS, &of_schemas),
        one::<Quietness>(client, QUIET, &[]),
    )?;
    let quiet = quietness.tables();
    for table in &mut tables {
        let name = Qualified::new(&table.schema, &table.name);
        table.footprints = quiet.get(&name).copied().unwrap_or_default();
    }
    let mut cache = SchemaCache {
        notifies_ddl: settings.notifies_ddl,
        user_types: quietness.types(),
        ..SchemaCache::default()
    };
    for setting in settings.roles {
        let of_role = cache.role_settings.entry(setting.role).or_default();
        of_role.push((setting.name, setting.value));
    }
    for (from, to, function) in representations {
        cache
            .representations
            .entry(from)
            .or_default()
            .insert(to, function);
    }
    cache.handlers = media_handlers(handlers);
    fill(&mut cache, schemas, tables, &keys, &views, computed);
    for routine in routines {
        let names = cache.routines.entry(routine.schema.clone()).or_default();
        names
            .entry(routine.name.clone())
            .or_default()
            .push(Arc::new(routine));
    }
    for overloads in cache.routines.values_mut().flat_map(HashMap::values_mut) {
        overloads.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }
    Ok((config, cache))
}

async fn one<T: DeserializeOwned>(
    client: &PgClient,
    sql: &str,
    params: &[&Vec<String>],
) -> Result<T, LoadError> {
    let statement = client.prepare(sql).await?;
    let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = params
        .iter()
        .map(|p| *p as &(dyn tokio_postgres::types::ToSql + Sync))
        .collect();
    let row = client.query_one(&statement, &params).await?;
    Ok(serde_json::from_str(row.try_get(0)?)?)
}

fn fill(
    cache: &mut SchemaCache,
    schemas: &[String],
    tables: Vec<Table>,
    keys: &[Key],
    views: &[View],
    computed: Vec<ComputedRelationship>,
) {
    let view_keys = view_keys(views, keys, schemas);
    let mut primary_keys: HashMap<Qualified, Vec<String>> = HashMap::new();
    for mut table in tables {
        let name = Qualified::new(&table.schema, &table.name);
        if table.is_view {
            table.primary_key = view_keys
                .iter()
                .filter(|key| key.key_use == KeyUse::Primary && key.view == name)
                .flat_map(|key| {
                    key.columns
                        .iter()
                        .filter_map(|(_, shown)| shown.first().cloned())
                })
                .collect();
        }
        primary_keys.insert(name, table.primary_key.clone());
        let names = cache.tables.entry(table.schema.clone()).or_default();
        names.insert(table.name.clone(), Arc::new(table));
    }
    let foreign_keys: Vec<KeyRelationship> = keys
        .iter()
        .filter(|key| key.foreign && !key.inherited)
        .filter_map(|key| {
            let (constraint, columns) = (key.name.clone(), key.pairs());
            let foreign = key.target.clone()?;
            Some(KeyRelationship {
                is_self: foreign == key.table,
                table: key.table.clone(),
                foreign,
                cardinality: if key.one_to_one {
                    Cardinality::OneToOne {
                        constraint,
                        columns,
                        is_parent: false,
                    }
                } else {
                    Cardinality::ManyToOne {
                        constraint,
                        columns,
                    }
                },
                table_is_view: false,
                foreign_is_view: false,
            })
        })
        .collect();
    let exposed = |name: &Qualified| schemas.contains(&name.schema);
    let overridden = |key: &KeyRelationship| {
        computed
            .iter()
            .any(|c| c.table == key.table && c.function == key.foreign)
    };
    let mut all: Vec<Relationship> = derive(foreign_keys, &view_keys, &primary_keys)
        .into_iter()
        .filter(|key| match &key.cardinality {
            Cardinality::ManyToMany(junction) => exposed(&junction.table),
            _ => true,
        })
        .filter(|key| !overridden(key))
        .map(Relationship::Key)
        .collect();
    all.extend(computed.into_iter().map(Relationship::Computed));
    all.retain(|r| exposed(r.table()) && exposed(r.foreign()));
    all.sort();
    for relationship in all {
        let table = relationship.table().clone();
        let tables = cache.relationships.entry(table.schema).or_default();
        tables
            .entry(table.name)
            .or_default()
            .push(Arc::new(relationship));
    }
}

fn media_handlers(rows: Vec<[String; 6]>) -> HashMap<MediaType, Vec<MediaHandler>> {
    let mut handlers: HashMap<MediaType, Vec<MediaHandler>> = HashMap::new();
    for [
        schema,
        name,
        target_schema,
        target_name,
        media_type,
        resolved,
    ] in rows
    {
        let any = target_schema == "pg_catalog" && target_name == "anyelement";
        let target = (!any).then(|| Qualified::new(target_schema, target_name));
        handlers
            .entry(MediaType::parse(&media_type))
            .or_default()
            .push(MediaHandler {
                handler: Handler::Custom {
                    function: Qualified::new(schema, name),
                    target: target.clone(),
                },
                target,
                media_type: MediaType::parse(&resolved),
            });
    }
    let built_in = [
        (MediaType::Any, Handler::Json, MediaType::Json),
        (MediaType::Json, Handler::Json, MediaType::Json),
        (MediaType::Csv, Handler::Csv, MediaType::Csv),
        (MediaType::GeoJson, Handler::GeoJson, MediaType::GeoJson),
    ];
    for (accepted, handler, media_type) in built_in {
        let known = handlers.entry(accepted).or_default();
        // One of the user's own for any row type stands before the built-in one.
        if !known.iter().any(|handler| handler.target.is_none()) {
            known.push(MediaHandler {
                target: None,
                handler,
                media_type,
            });
        }
    }
    handlers
}
