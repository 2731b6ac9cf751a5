//! How every kind of object is listed and found: its query inside one that filters, sorts, pages,
//! and writes JSON.

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::error::AdminError;
use crate::input::Params;

/// A kind of object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    /// The query of `sql/`.
    pub(crate) sql: &'static str,
    /// What it answers with.
    pub(crate) columns: &'static str,
    /// It belongs to a schema: has the column of this name.
    pub(crate) schema: Option<&'static str>,
    /// Which of its columns sort it.
    pub(crate) order: &'static str,
    /// What it is called where it is not found: "Cannot find a …".
    pub(crate) noun: &'static str,
    /// Each has a list of columns beside it, unless asked otherwise.
    pub(crate) with_columns: bool,
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    system: bool,
    included: Option<Vec<String>>,
    excluded: Option<Vec<String>>,
    limit: Option<i64>,
    offset: Option<i64>,
    without_columns: bool,
}

impl Filter {
    /// Not narrowed at all.
    pub(crate) fn everything() -> Self {
        Self {
            system: true,
            ..Self::default()
        }
    }

    /// Reads postgres-meta's parameters.
    pub(crate) fn read(params: &Params) -> Result<Self, AdminError> {
        Ok(Self {
            system: params.flag("include_system_schemas").unwrap_or(false),
            included: params.list("included_schemas"),
            excluded: params.list("excluded_schemas"),
            limit: params.number("limit")?.filter(|n| *n > 0),
            offset: params.number("offset")?.filter(|n| *n > 0),
            without_columns: params.flag("include_columns") == Some(false),
        })
    }
}

const COLUMNS: &str = include_str!("../sql/columns.sql");

/// Of the filter, on the column `{schema}`; PostgreSQL applies it inside.
fn schema_condition(column: &str) -> String {
    format!(
        "case when $2::text[] is not null then {column} = any ($2)
         else ($1::bool or {column} <> all
                 (array['information_schema', 'pg_catalog', 'pg_toast']::text[]))
             and ($3::text[] is null or {column} <> all ($3)) end"
    )
}

impl Listing {
    /// All of them as a JSON array. `condition` narrows further, without parameters.
    pub(crate) async fn list(
        &self,
        client: &Client,
        filter: &Filter,
        condition: &str,
    ) -> Result<String, AdminError> {
        let schema = match self.schema {
            Some(column) => schema_condition(column),
            // The parameters have to be there.
            None => "($1::bool or $2::text[] is null or $3::text[] is null or true)".to_owned(),
        };
        let Self {
            sql,
            columns,
            order,
            ..
        } = self;
        let mut items = format!(
            "select {columns} from ({sql}) as item where {schema} and ({condition})
             order by {order} limit $4::int8 offset $5::int8"
        );
        if self.with_columns && !filter.without_columns {
            let inside = schema_condition("c.schema");
            items = format!(
                "select item.*, coalesce(columns.list, '[]') as columns
                 from ({items}) as item
                 left join (
                     select c.table_id, json_agg(c order by c.ordinal_position) as list
                     from ({COLUMNS}) as c where {inside} group by c.table_id
                 ) as columns on columns.table_id = item.id
                 order by {order}"
            );
        }
        let text = format!("select coalesce(json_agg(item), '[]')::text from ({items}) as item");
        let row = client
            .query_one(
                &text,
                &[
                    &filter.system,
                    &filter.included,
                    &filter.excluded,
                    &filter.limit,
                    &filter.offset,
                ],
            )
            .await?;
        Ok(row.get(0))
    }

    /// The one that `condition` names, with `values` for its parameters.
    pub(crate) async fn find(
        &self,
        client: &Client,
        condition: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Value>, AdminError> {
        let Self { sql, columns, .. } = self;
        let mut item = format!("select {columns} from ({sql}) as item where {condition} limit 1");
        if self.with_columns {
            item = format!(
                "select item.*, coalesce(
                     (
                         select json_agg(c order by c.ordinal_position)
                         from ({COLUMNS}) as c where c.table_id = item.id
                     ), '[]') as columns
                 from ({item}) as item"
            );
        }
        let text = format!("select row_to_json(item)::text from ({item}) as item");
        let row = client.query_opt(&text, values).await?;
        row.map(|row| serde_json::from_str(row.get(0)).map_err(|e| AdminError::internal(&e)))
            .transpose()
    }

    /// The one of this id.
    pub(crate) async fn by_id(&self, client: &Client, id: &str) -> Result<Value, AdminError> {
        let number: i64 = id.parse().map_err(|_| AdminError::NoRoute)?;
        self.find(client, "id = $1", &[&number])
            .await?
            .ok_or_else(|| {
                AdminError::NoObject(format!("Cannot find a {} with ID {id}", self.noun))
            })
    }

    /// As [`Listing::by_id`], taken apart.
    pub(crate) async fn old<T: DeserializeOwned>(
        &self,
        client: &Client,
        id: &str,
    ) -> Result<(Value, T), AdminError> {
        let value = self.by_id(client, id).await?;
        let parts = serde_json::from_value(value.clone()).map_err(|e| AdminError::internal(&e))?;
        Ok((value, parts))
    }

    /// The one that was made or changed a moment ago.
    pub(crate) async fn made(
        &self,
        client: &Client,
        condition: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Value, AdminError> {
        self.find(client, condition, values)
            .await?
            .ok_or_else(|| AdminError::NoObject(format!("Cannot find the {}", self.noun)))
    }
}
