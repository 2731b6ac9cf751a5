//! What the catalog says of tables, types and roles, remembered until a schema change passes by
//! in the log. Read on the admin connection, with nothing but `pg_catalog` in its search path.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_pg::identifier;
use hearth_wal::Relation;
use tokio_postgres::{Client, Error};

use super::render::{Form, TypeRow, form};
use super::rule::{self, Policy, Rule};
use crate::frame::push_json_string;

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// Its type's name, as messages show it.
    pub type_name: String,
    /// Its type as SQL text.
    pub type_sql: String,
    /// How its values are written.
    pub form: Form,
    /// Part of the primary key.
    pub key: bool,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Row level security is enabled.
    pub secured: bool,
    /// Its columns in order.
    pub columns: Vec<Column>,
}

impl Table {
    /// Its name as SQL text.
    pub fn sql(&self) -> String {
        format!(
            "{}.{}",
            identifier::quote(&self.schema),
            identifier::quote(&self.name)
        )
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| &*column.name == name)
    }

    /// The columns of the primary key.
    pub fn key(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.key)
    }
}

/// A table as a role sees it.
#[derive(Debug)]
pub struct View {
    /// The columns it may select.
    pub columns: HashSet<Arc<str>>,
    /// Which rows it may see.
    pub rule: Rule,
    /// What its policies want of a row, as SQL text; empty where nobody has to be asked.
    pub condition: String,
}

impl View {
    /// `columns` of a message: the published columns of the selection, the primary key always among
    /// them.
    pub fn columns_json(
        &self,
        relation: &Relation,
        table: &Table,
        select: Option<&[Box<str>]>,
    ) -> String {
        let mut out = String::from("[");
        let described = relation.columns.iter();
        for column in described.filter_map(|described| table.column(&described.name)) {
            let wanted = select
                .is_none_or(|names| column.key || names.iter().any(|name| **name == *column.name));
            if !wanted || !self.columns.contains(&column.name) {
                continue;
            }
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str("{\"name\":");
            push_json_string(&mut out, &column.name);
            out.push_str(",\"type\":");
            push_json_string(&mut out, &column.type_name);
            out.push('}');
        }
        out.push(']');
        out
    }
}

/// What is remembered.
#[derive(Debug)]
pub struct Catalog {
    tables: HashMap<u32, Option<Arc<Table>>>,
    views: HashMap<(u32, Box<str>), Arc<View>>,
    since: Instant,
    lifetime: Duration,
}

impl Catalog {
    /// Nothing yet; what is learned holds for `lifetime` at most.
    pub fn new(lifetime: Duration) -> Self {
        Self {
            tables: HashMap::new(),
            views: HashMap::new(),
            since: Instant::now(),
            lifetime,
        }
    }

    /// Forgets everything: the schema changed.
    pub fn forget(&mut self) {
        self.tables.clear();
        self.views.clear();
        self.since = Instant::now();
    }

    /// Forgets everything that is too old; what no event trigger tells (attributes of roles) is
    /// noticed by this.
    pub fn expire(&mut self) {
        if self.since.elapsed() > self.lifetime {
            self.forget();
        }
    }

    /// The table of a relation; none if it is gone.
    ///
    /// # Errors
    /// A lost connection.
    pub async fn table(
        &mut self,
        client: &Client,
        relation: &Relation,
    ) -> Result<Option<Arc<Table>>, Error> {
        if let Some(table) = self.tables.get(&relation.id) {
            return Ok(table.clone());
        }
        let table = load_table(client, relation.id).await?.map(Arc::new);
        self.tables.insert(relation.id, table.clone());
        Ok(table)
    }

    /// The table as `role` sees it.
    ///
    /// # Errors
    /// A lost connection.
    pub async fn view(
        &mut self,
        client: &Client,
        relation: &Relation,
        table: &Table,
        role: &str,
    ) -> Result<Arc<View>, Error> {
        if let Some(view) = self.views.get(&(relation.id, role.into())) {
            return Ok(view.clone());
        }
        let view = Arc::new(load_view(client, relation.id, table, role).await?);
        self.views.insert((relation.id, role.into()), view.clone());
        Ok(view)
    }
}

const TABLE: &str = "
select n.nspname::text, c.relname::text, c.relrowsecurity
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = $1";

const COLUMNS: &str = "
select a.attname::text, t.typname::text, tn.nspname::text, t.oid,
       coalesce(a.attnum = any(k.conkey), false)
from pg_attribute a
join pg_type t on t.oid = a.atttypid
join pg_namespace tn on tn.oid = t.typnamespace
left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum";

const TYPES: &str = "
with recursive wanted (oid) as (
  select distinct t.oid from pg_type t where t.oid = any($1)
  union
  select inner_type.oid
  from wanted w
  join pg_type t on t.oid = w.oid
  left join pg_attribute a
    on t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  join pg_type inner_type on inner_type.oid in (t.typbasetype, t.typelem, a.atttypid)
)
select t.oid, t.typtype::text, t.typbasetype,
       case when t.typlen = -1 and t.typelem <> 0 and t.typcategory = 'A' then t.typelem
            else 0::oid end,
       t.typdelim::text,
       coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute a
         where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0
           and not a.attisdropped), '{}'),
       coalesce((select array_agg(a.atttypid order by a.attnum) from pg_attribute a
         where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0
           and not a.attisdropped), '{}')
from pg_type t
where t.oid in (select oid from wanted)";

async fn load_table(client: &Client, relation: u32) -> Result<Option<Table>, Error> {
    let Some(table) = client.query_opt(TABLE, &[&relation]).await? else {
        return Ok(None);
    };
    let columns = client.query(COLUMNS, &[&relation]).await?;
    let type_ids: Vec<u32> = columns.iter().map(|row| row.get(3)).collect();
    let rows = client.query(TYPES, &[&type_ids]).await?;
    let letter = |text: &str| text.chars().next().unwrap_or(',');
    let types: HashMap<u32, TypeRow> = rows
        .iter()
        .map(|row| {
            let names: Vec<String> = row.get(5);
            let ids: Vec<u32> = row.get(6);
            let oid: u32 = row.get(0);
            let attributes = names.into_iter().map(Arc::from).zip(ids).collect();
            (
                oid,
                TypeRow {
                    kind: letter(row.get(1)),
                    base: row.get(2),
                    element: row.get(3),
                    delimiter: letter(row.get(4)),
                    attributes,
                },
            )
        })
        .collect();
    let columns = columns.iter().map(|row| Column {
        name: row.get::<_, String>(0).into(),
        type_name: row.get(1),
        type_sql: format!(
            "{}.{}",
            identifier::quote(row.get(2)),
            identifier::quote(row.get(1))
        ),
        form: form(row.get(3), &types),
        key: row.get(4),
    });
    Ok(Some(Table {
        schema: table.get(0),
        name: table.get(1),
        secured: table.get(2),
        columns: columns.collect(),
    }))
}

const VIEW: &str = "
select r.rolsuper or r.rolbypassrls
         or (pg_has_role(r.oid, c.relowner, 'usage') and not c.relforcerowsecurity),
       coalesce((select array_agg(a.attname::text) from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and has_column_privilege(r.oid, c.oid, a.attnum, 'select')), '{}')
from pg_class c, pg_roles r
where c.oid = $1 and r.rolname = $2";

const POLICIES: &str = "
select p.polpermissive, coalesce(pg_get_expr(p.polqual, p.polrelid), 'true')
from pg_policy p, pg_roles r
where p.polrelid = $1 and r.rolname = $2 and p.polcmd in ('r', '*')
  and exists (
    select from unnest(p.polroles) as granted (role)
    where granted.role = 0 or pg_has_role(r.oid, granted.role, 'usage')
  )";

async fn load_view(
    client: &Client,
    relation: u32,
    table: &Table,
    role: &str,
) -> Result<View, Error> {
    let Some(row) = client.query_opt(VIEW, &[&relation, &role]).await? else {
        // No such role: it sees nothing.
        return Ok(View {
            columns: HashSet::new(),
            rule: Rule::Nobody,
            condition: String::new(),
        });
    };
    let columns: Vec<String> = row.get(1);
    let (rule, condition) = if row.get::<_, bool>(0) || !table.secured {
        (Rule::Everybody, String::new())
    } else {
        let policies = client.query(POLICIES, &[&relation, &role]).await?;
        let policies: Vec<Policy> = policies
            .iter()
            .map(|row| Policy {
                permissive: row.get(0),
                expression: row.get(1),
            })
            .collect();
        match Rule::of(&policies, table, role) {
            Rule::Ask => (Rule::Ask, rule::condition(&policies)),
            rule => (rule, String::new()),
        }
    };
    Ok(View {
        columns: columns.into_iter().map(Arc::from).collect(),
        rule,
        condition,
    })
}

/// A table that tests of rules and visibility speak of.
#[cfg(test)]
pub(super) fn example() -> Table {
    let column = |name: &str, type_name: &str, key| Column {
        name: name.into(),
        type_name: type_name.into(),
        type_sql: format!("\"pg_catalog\".\"{type_name}\""),
        form: crate::changes::render::Form::Text,
        key,
    };
    Table {
        schema: "public".into(),
        name: "a\"b".into(),
        secured: true,
        columns: vec![
            column("id", "int8", true),
            column("owner", "uuid", false),
            column("note", "text", false),
        ],
    }
}
