//! A hook that is a function in the application's database. It runs as `supabase_auth_admin`,
//! which needs `execute` on it, and has two seconds.

use std::error::Error;

use hearth_apps::App;
use hearth_pg::identifier;
use serde_json::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::database::{Db, Tx};

type Failure = Box<dyn Error + Send + Sync>;

/// Calls the function that `uri` names, in the transaction of `db` or in one of its own. The
/// failure is text for the log.
pub(super) async fn ask(
    app: &App,
    db: Option<&Db>,
    uri: &str,
    message: &Value,
) -> Result<Value, String> {
    let function = name_of(uri).ok_or("the URI names no function")?;
    let describe = |error: hearth_pg::PgError| hearth_pg::connect::describe(&error);
    match db {
        Some(db) => call(db, &function, message).await.map_err(describe),
        None => {
            let tx = Tx::begin(app).await.map_err(describe)?;
            let answer = call(&tx, &function, message).await.map_err(describe)?;
            tx.commit().await.map_err(describe)?;
            Ok(answer)
        }
    }
}

async fn call(db: &Db, function: &str, message: &Value) -> Result<Value, hearth_pg::PgError> {
    db.run("set local statement_timeout = 2000").await?;
    let answer = db
        .call(&format!("select {function}($1)"), &Json(message))
        .await?;
    db.run("set local statement_timeout to default").await?;
    let Some(row) = answer else {
        return Ok(Value::Null);
    };
    let answer: Option<Answer> = row.try_get(0)?;
    Ok(answer.map_or(Value::Null, |answer| answer.0))
}

/// `pg-functions://<anything>/<schema>/<function>`, quoted.
fn name_of(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("pg-functions://")?;
    let mut parts = path.split('/').skip(1);
    let (schema, function) = (parts.next()?, parts.next()?);
    if schema.is_empty() || function.is_empty() || parts.next().is_some() {
        return None;
    }
    Some(format!(
        "{}.{}",
        identifier::quote(schema),
        identifier::quote(function)
    ))
}

/// JSON for a function that takes `json`, `jsonb` or `text`.
#[derive(Debug)]
struct Json<'v>(&'v Value);

impl ToSql for Json<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Failure> {
        if *ty == Type::TEXT {
            self.0.to_string().to_sql(ty, out)
        } else {
            self.0.to_sql(ty, out)
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB | Type::TEXT)
    }

    to_sql_checked!();
}

/// JSON of a function that returns `json`, `jsonb` or `text`, or nothing.
struct Answer(Value);

impl<'a> FromSql<'a> for Answer {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        match *ty {
            Type::VOID => Ok(Self(Value::Null)),
            Type::TEXT => Ok(Self(serde_json::from_slice(raw)?)),
            _ => Ok(Self(Value::from_sql(ty, raw)?)),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB | Type::TEXT | Type::VOID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let name = |uri| name_of(uri);
        assert_eq!(
            name("pg-functions://postgres/public/my_hook").as_deref(),
            Some("\"public\".\"my_hook\"")
        );
        assert_eq!(
            name("pg-functions://postgres/a/b\"c").as_deref(),
            Some("\"a\".\"b\"\"c\"")
        );
        assert_eq!(name("pg-functions://postgres/public"), None);
        assert_eq!(name("pg-functions://postgres/public/"), None);
    }
}
