//! What a client asks to hear: read from its join, then checked against the publication and made
//! ready for rows, with the client's own rights.

use std::sync::Arc;
use std::time::Duration;

use hearth_apps::App;
use hearth_core::Claims;
use hearth_pg::{Access, PgError, Rights, Scoped, TextParam, identifier};
use serde_json::{Map, Value};

use super::PUBLICATION;
use super::filter::{self, Comparable, Filter, FilterSpec, Op};
use super::history::Action;

/// Most values of an `in` filter.
const MOST_IN_VALUES: usize = 100;
/// Between attempts while PostgreSQL is away.
const RETRY: Duration = Duration::from_millis(250);
/// Search path of the caller while filters are read.
pub(super) const SEARCH_PATH: &str = "\"public\", \"extensions\"";

/// A binding as the client asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BindingSpec {
    id: u32,
    action: Option<Action>,
    truncate: bool,
    event: String,
    schema: String,
    table: String,
    filters: Vec<FilterSpec>,
    select: Option<Vec<String>>,
}

impl BindingSpec {
    /// Reads a binding.
    ///
    /// # Errors
    /// Upstream's words for what is wrong.
    pub fn read(params: &Map<String, Value>, id: u32) -> Result<Self, String> {
        let select = match params.get("select") {
            Some(Value::Array(names)) => {
                let names: Vec<String> = names
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                (!names.is_empty()).then_some(names)
            }
            Some(Value::String(_)) => {
                return Err(
                    "Error parsing `select` params: expected a list of column name \
                            strings, e.g. select: [\"col1\", \"col2\"]"
                        .to_owned(),
                );
            }
            _ => None,
        };
        let event = params.get("event").and_then(Value::as_str).unwrap_or("*");
        let upper = event.to_ascii_uppercase();
        let action = match upper.as_str() {
            "INSERT" => Some(Action::Insert),
            "UPDATE" => Some(Action::Update),
            "DELETE" => Some(Action::Delete),
            "TRUNCATE" => Some(Action::Truncate),
            _ => None,
        };
        let text = |name: &str| match params.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(()),
        };
        let names = (text("schema"), text("table"), text("filter"));
        let (schema, table, filters) = match names {
            (Ok(Some(schema)), Ok(Some(table)), Ok(Some(text))) => {
                let filters = filter::parse(text)
                    .map_err(|reason| format!("Error parsing `filter` params: {reason}"))?;
                (schema, table, filters)
            }
            (Ok(Some(schema)), Ok(Some(table)), Ok(None)) => (schema, table, Vec::new()),
            (Ok(Some(schema)), Ok(None), Ok(None)) => (schema, "*", Vec::new()),
            (Ok(None), Ok(Some(table)), Ok(None)) => ("public", table, Vec::new()),
            _ => {
                return Err(format!(
                    "No subscription params provided. Please provide at least a `schema` or \
                     `table` to subscribe to: {}",
                    shown(params)
                ));
            }
        };
        if select.is_some() && (schema == "*" || table == "*") {
            return Err(
                "Column selection is not supported for wildcard subscriptions. Provide \
                        an explicit schema and table name."
                    .to_owned(),
            );
        }
        Ok(Self {
            id,
            truncate: action == Some(Action::Truncate),
            event: match action {
                Some(action) => action.as_str().to_owned(),
                None => "*".to_owned(),
            },
            action,
            schema: schema.to_owned(),
            table: table.to_owned(),
            filters,
            select,
        })
    }

    /// The parameters as upstream's messages list them.
    fn listed(&self) -> String {
        let filters: Vec<String> = self
            .filters
            .iter()
            .map(|f| {
                let (column, value) = (filter::quoted(&f.column), filter::quoted(&f.value));
                format!("{{{column}, \"{}\", {value}, {}}}", f.op.as_str(), f.negate)
            })
            .collect();
        let select = match &self.select {
            None => "nil".to_owned(),
            Some(names) => {
                let names: Vec<String> = names.iter().map(|name| filter::quoted(name)).collect();
                format!("[{}]", names.join(", "))
            }
        };
        format!(
            "[event: {}, schema: {}, table: {}, filters: [{}], select: {select}]",
            self.event,
            self.schema,
            self.table,
            filters.join(", ")
        )
    }
}

/// A parameter object as upstream's messages show one; tokens are not shown.
fn shown(params: &Map<String, Value>) -> String {
    if params.contains_key("user_token") || params.contains_key("auth_token") {
        return "<redacted>".to_owned();
    }
    let mut entries: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{} => {value}", filter::quoted(name)))
        .collect();
    entries.sort();
    format!("%{{{}}}", entries.join(", "))
}

/// A binding ready for changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its id in frames.
    pub id: u32,
    action: Option<Action>,
    truncate: bool,
    schema: Option<Box<str>>,
    table: Option<Box<str>>,
    /// All of them must accept the row.
    pub filters: Box<[Filter]>,
    /// The columns wanted beside the primary key; none: all.
    pub select: Option<Arc<[Box<str>]>>,
}

impl Binding {
    /// The schema and table it is about; none: any.
    pub fn table(&self) -> (Option<Box<str>>, Option<Box<str>>) {
        (self.schema.clone(), self.table.clone())
    }

    /// Whether it is about this table and action. TRUNCATE goes only to those who name it.
    pub fn wants(&self, schema: &str, table: &str, action: Action) -> bool {
        let acts = match action {
            Action::Truncate => self.truncate,
            action => self.action.is_none_or(|wanted| wanted == action),
        };
        acts && self.schema.as_deref().is_none_or(|wanted| wanted == schema)
            && self.table.as_deref().is_none_or(|wanted| wanted == table)
    }
}

const COLUMNS: &str = "
select a.attname::text, tn.nspname::text, t.typname::text,
       coalesce(nullif(t.typbasetype, 0), t.oid)::oid, t.typtype::text,
       has_column_privilege(current_user, c.oid, a.attnum, 'select')
from pg_publication_tables p
join pg_namespace n on n.nspname = p.schemaname
join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
join pg_namespace tn on tn.oid = t.typnamespace
where p.pubname = $1 and ($2 = '*' or p.schemaname = $2) and ($3 = '*' or p.tablename = $3)";

struct Column {
    name: String,
    type_name: String,
    type_id: u32,
    type_kind: String,
    readable: bool,
}

/// Checks the bindings against the publication and brings their filters' values into the form
/// that the log uses, all with the caller's own rights.
///
/// # Errors
/// Upstream's words for what is wrong.
pub(super) async fn compile(
    app: &App,
    claims: &Claims,
    specs: Vec<BindingSpec>,
) -> Result<Vec<Binding>, String> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    // A join while PostgreSQL restarts waits for it: refused, the client would listen to nothing and
    // not know when to come back.
    let compiled = loop {
        match attempt(app, claims, specs.clone()).await {
            Err(CompileError::Postgres(error))
                if error.is_unavailable() || matches!(error, PgError::PoolTimeout) =>
            {
                tokio::time::sleep(RETRY).await;
            }
            compiled => break compiled,
        }
    };
    compiled.map_err(|error| match error {
        CompileError::Refused(reason) => reason,
        CompileError::Postgres(error) => {
            tracing::warn!(app = %app.reference, %error, code = "UnableToSubscribeToPostgres");
            "Realtime was unable to connect to the project database".to_owned()
        }
    })
}

async fn attempt(
    app: &App,
    claims: &Claims,
    specs: Vec<BindingSpec>,
) -> Result<Vec<Binding>, CompileError> {
    let client = app.database.caller().await?;
    let rights = Rights {
        role: claims.role().unwrap_or("anon"),
        claims: claims.as_json(),
        search_path: SEARCH_PATH,
        request: Default::default(),
    };
    let scoped = Scoped::begin(&client, Access::ReadOnly, &rights).await?;
    scoped
        .query(
            "select set_config('timezone', 'UTC', true), \
             set_config('datestyle', 'ISO, MDY', true), \
             set_config('intervalstyle', 'postgres', true), \
             set_config('extra_float_digits', '1', true), \
             set_config('bytea_output', 'hex', true)",
            &[],
        )
        .await?;
    let mut bindings = Vec::with_capacity(specs.len());
    for spec in specs {
        bindings.push(compile_one(&scoped, spec).await?);
    }
    Ok(bindings)
}

enum CompileError {
    Refused(String),
    Postgres(PgError),
}

impl From<PgError> for CompileError {
    fn from(error: PgError) -> Self {
        Self::Postgres(error)
    }
}

async fn compile_one(scoped: &Scoped<'_>, spec: BindingSpec) -> Result<Binding, CompileError> {
    let rows = scoped
        .query(COLUMNS, &[&PUBLICATION, &spec.schema, &spec.table])
        .await?;
    if rows.is_empty() {
        return Err(CompileError::Refused(format!(
            "Unable to subscribe to changes with given parameters. Please check Realtime is \
             enabled for the given connect parameters: {}",
            spec.listed()
        )));
    }
    let exception = |reason: &str| {
        CompileError::Refused(format!(
            "Unable to subscribe to changes with given parameters. An exception happened so \
             please check your connect parameters: {}. Exception: ERROR P0001 (raise_exception) \
             {reason}",
            spec.listed()
        ))
    };
    let columns: Vec<Column> = rows
        .iter()
        .map(|row| Column {
            name: row.get(0),
            type_name: format!(
                "{}.{}",
                identifier::quote(row.get(1)),
                identifier::quote(row.get(2))
            ),
            type_id: row.get(3),
            type_kind: row.get(4),
            readable: row.get(5),
        })
        .collect();
    for name in spec.select.iter().flatten() {
        if !columns
            .iter()
            .any(|column| column.readable && column.name == *name)
        {
            return Err(exception(&format!("invalid column for select {name}")));
        }
    }
    let mut filters = Vec::with_capacity(spec.filters.len());
    for one in &spec.filters {
        let column = columns
            .iter()
            .find(|column| column.readable && column.name == one.column);
        let Some(column) = column else {
            return Err(exception(&format!(
                "invalid column for filter {}",
                one.column
            )));
        };
        match compile_filter(scoped, one, column).await {
            Ok(filter) => filters.push(filter),
            Err(CompileError::Refused(reason)) => return Err(exception(&reason)),
            Err(error) => return Err(error),
        }
    }
    let some = |name: &str| (name != "*").then(|| name.into());
    Ok(Binding {
        id: spec.id,
        action: spec.action,
        truncate: spec.truncate,
        schema: some(&spec.schema),
        table: some(&spec.table),
        filters: filters.into(),
        select: spec
            .select
            .map(|names| names.into_iter().map(Into::into).collect()),
    })
}

fn comparable(column: &Column) -> Comparable {
    match column.type_id {
        20 | 21 | 23 | 26 | 700 | 701 | 1700 => Comparable::Number,
        25 | 1043 => Comparable::Text,
        16 | 1082 | 1083 | 1114 | 1184 | 2950 => Comparable::Sorted,
        _ if column.type_kind == "e" => Comparable::Same,
        _ => Comparable::Unknown,
    }
}

async fn compile_filter(
    scoped: &Scoped<'_>,
    spec: &FilterSpec,
    column: &Column,
) -> Result<Filter, CompileError> {
    let kind = comparable(column);
    let refuse = |reason: String| Err(CompileError::Refused(reason));
    let text_like =
        matches!(column.type_id, 25 | 1043 | 1042 | 19) || column.type_name.ends_with("\"citext\"");
    match spec.op {
        Op::Is => {
            if !matches!(spec.value.as_str(), "null" | "true" | "false" | "unknown") {
                return refuse(
                    "invalid value for is filter: must be null, true, false, or unknown".to_owned(),
                );
            }
            if spec.value != "null" && column.type_id != 16 {
                return refuse(format!(
                    "is {} filter requires a boolean column, got {}",
                    spec.value, column.type_name
                ));
            }
        }
        Op::Like | Op::Ilike | Op::Match | Op::Imatch if !text_like => {
            return refuse(format!(
                "operator {} requires a text-compatible column type, got {}",
                spec.op.as_str(),
                column.type_name
            ));
        }
        _ => {}
    }
    let values = match spec.op {
        Op::Is => Vec::new(),
        Op::Like | Op::Ilike => vec![spec.value.clone()],
        Op::Match | Op::Imatch => {
            let reads = checked(scoped, "select ''::text ~ $1::text", &spec.value).await?;
            match reads {
                Ok(_) => vec![spec.value.clone()],
                Err(reason) => {
                    return refuse(format!(
                        "invalid regular expression for {} filter: {reason}",
                        spec.op.as_str()
                    ));
                }
            }
        }
        Op::In => {
            let sql = format!(
                "select array(select x::text from unnest($1::text::{}[]) as x)",
                column.type_name
            );
            match checked(scoped, &sql, &spec.value).await? {
                Ok(row) => row
                    .get::<_, Vec<Option<String>>>(0)
                    .into_iter()
                    .flatten()
                    .collect(),
                Err(reason) => return refuse(reason),
            }
        }
        _ => {
            let sql = format!("select $1::text::{}::text", column.type_name);
            match checked(scoped, &sql, &spec.value).await? {
                Ok(row) => vec![row.get(0)],
                Err(reason) => return refuse(reason),
            }
        }
    };
    if values.len() > MOST_IN_VALUES {
        return refuse("too many values for `in` filter. Maximum 100".to_owned());
    }
    Ok(Filter {
        spec: spec.clone(),
        kind,
        values,
    })
}

/// Runs a statement that a client's value may make fail, without losing the transaction.
async fn checked(
    scoped: &Scoped<'_>,
    sql: &str,
    value: &str,
) -> Result<Result<tokio_postgres::Row, String>, PgError> {
    scoped.client().batch_execute("savepoint value").await?;
    match scoped.query(sql, &[&TextParam::new(value)]).await {
        Ok(mut rows) if !rows.is_empty() => {
            scoped
                .client()
                .batch_execute("release savepoint value")
                .await?;
            Ok(Ok(rows.swap_remove(0)))
        }
        Ok(_) => Ok(Err("no value".to_owned())),
        Err(error) => match error.db_error().map(|db| db.message().to_owned()) {
            Some(reason) => {
                scoped
                    .client()
                    .batch_execute("rollback to savepoint value")
                    .await?;
                Ok(Err(reason))
            }
            None => Err(error),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(params: Value) -> Result<BindingSpec, String> {
        let Value::Object(params) = params else {
            panic!("an object")
        };
        BindingSpec::read(&params, 1)
    }

    #[test]
    fn bindings_are_read_as_upstream_does() {
        let spec = read(json!({"event": "insert", "schema": "public", "table": "t"})).unwrap();
        assert_eq!(
            (spec.action, spec.table.as_str()),
            (Some(Action::Insert), "t")
        );
        let spec = read(json!({"table": "t"})).unwrap();
        assert_eq!((spec.action, spec.schema.as_str()), (None, "public"));
        assert_eq!(read(json!({"schema": "s"})).unwrap().table, "*");
        assert_eq!(
            read(json!({})).unwrap_err(),
            "No subscription params provided. Please provide at least a `schema` or `table` to \
             subscribe to: %{}"
        );
        assert_eq!(
            read(json!({"schema": "public", "table": "t", "filter": "undefined"})).unwrap_err(),
            "Error parsing `filter` params: [\"undefined\"]"
        );
        assert!(read(json!({"schema": "*", "select": ["a"]})).is_err());
    }
}
