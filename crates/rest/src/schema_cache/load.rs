//! Loads the schema cache: a handful of catalog queries in one read-only transaction, sent
//! together. The search path is empty in it, so that the server writes out every name in full.

use std::collections::HashMap;
use std::sync::Arc;

use hearth_pg::{PgClient, PgError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_postgres::types::{ToSql, Type};

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

/// Whose settings (`alter role … set`) apply to the requests of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSettings {
    /// Those of roles that belong to one application alone; the login's configure the API.
    OfOneApplication,
    /// Those of every role: the server is the database's own.
    All,
    /// None.
    Ignored,
}

/// Settings by role: name and value.
pub type SettingsOfRoles = HashMap<String, Vec<(String, String)>>;

/// What has been loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration in force.
    pub config: RestConfig,
    /// The schema.
    pub cache: SchemaCache,
    /// What `alter role … set` says of the roles that callers become.
    pub settings_of_roles: SettingsOfRoles,
}

/// Loads the schema cache for a configuration.
///
/// # Errors
/// If PostgreSQL is away or refuses.
pub async fn load(
    client: &PgClient,
    config: RestConfig,
    role_settings: RoleSettings,
) -> Result<Loaded, LoadError> {
    client
        .batch_execute(
            "begin isolation level repeatable read read only; set local search_path to ''",
        )
        .await?;
    let result = load_in_transaction(client, config, role_settings).await;
    match &result {
        Ok(_) => client.batch_execute("commit").await?,
        Err(_) => {
            let _ = client.batch_execute("rollback").await;
        }
    }
    result
}

/// The settings of roles alone.
///
/// # Errors
/// If PostgreSQL is away or refuses.
pub async fn load_role_settings(
    client: &PgClient,
    role_settings: RoleSettings,
) -> Result<SettingsOfRoles, LoadError> {
    let mut settings = load_settings(client, role_settings).await?;
    Ok(by_role(&mut settings))
}

async fn load_settings(
    client: &PgClient,
    role_settings: RoleSettings,
) -> Result<Settings, LoadError> {
    let of_every_role = role_settings == RoleSettings::All;
    let mut settings: Settings = one_of(client, SETTINGS, &[(&of_every_role, Type::BOOL)]).await?;
    if role_settings == RoleSettings::Ignored {
        settings.roles.clear();
    }
    Ok(settings)
}

fn by_role(settings: &mut Settings) -> SettingsOfRoles {
    let mut by_role = SettingsOfRoles::new();
    for setting in settings.roles.drain(..) {
        let of_role = by_role.entry(setting.role).or_default();
        of_role.push((setting.name, setting.value));
    }
    by_role
}

async fn load_in_transaction(
    client: &PgClient,
    config: RestConfig,
    role_settings: RoleSettings,
) -> Result<Loaded, LoadError> {
    let mut settings = load_settings(client, role_settings).await?;
    let config = match role_settings {
        RoleSettings::OfOneApplication => config.overridden(&settings.api),
        // Read before, as it says more than the schema cache must know.
        RoleSettings::All | RoleSettings::Ignored => config,
    };
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
    Ok(Loaded {
        config,
        cache,
        settings_of_roles: by_role(&mut settings),
    })
}

async fn one<T: DeserializeOwned>(
    client: &PgClient,
    sql: &str,
    params: &[&Vec<String>],
) -> Result<T, LoadError> {
    let typed: Vec<(&(dyn ToSql + Sync), Type)> = params
        .iter()
        .map(|names| (*names as &(dyn ToSql + Sync), Type::TEXT_ARRAY))
        .collect();
    one_of(client, sql, &typed).await
}

/// The one value that a catalog query answers: a JSON document.
async fn one_of<T: DeserializeOwned>(
    client: &PgClient,
    sql: &str,
    params: &[(&(dyn ToSql + Sync), Type)],
) -> Result<T, LoadError> {
    let rows = client.rows_typed(sql, params).await?;
    let text = rows.first().map_or(Ok("null"), |row| row.try_get(0))?;
    Ok(serde_json::from_str(text)?)
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
