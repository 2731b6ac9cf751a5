//! The root path: which tables and functions the caller's role may use, described.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::response::Response;

use crate::config::OpenApiMode;
use crate::error::RestError;
use crate::execute::Job;
use crate::response;
use crate::response::openapi::{Described, document};
use crate::schema_cache::sql::{ACCESSIBLE_ROUTINES, ACCESSIBLE_TABLES, DESCRIPTION};

/// Answers the root path.
pub(crate) async fn describe(job: &Job<'_>, headers_only: bool) -> Result<Response, RestError> {
    let (snapshot, schema) = (job.snapshot, &job.request.schema);
    let everything = snapshot.config.openapi_mode == OpenApiMode::IgnorePrivileges;
    let rows = job
        .inspect(&[
            (ACCESSIBLE_TABLES, &[schema]),
            (ACCESSIBLE_ROUTINES, &[schema]),
            (DESCRIPTION, &[schema]),
        ])
        .await?;
    if headers_only {
        return Ok(response::of_description(job.request, None));
    }
    let [tables, routines, comment] = rows.as_slice() else {
        return Ok(response::of_description(job.request, None));
    };
    let names: HashSet<String> = tables
        .iter()
        .filter_map(|row| row.try_get(0).ok())
        .collect();
    let callable: HashMap<i64, Vec<String>> = routines
        .iter()
        .filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)))
        .collect();
    let cache = &snapshot.cache;
    let mut tables: Vec<_> = cache
        .tables
        .get(schema)
        .into_iter()
        .flat_map(HashMap::values)
        .filter(|table| everything || names.contains(&table.name))
        .collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let mut routines: Vec<_> = cache
        .routines
        .get(schema)
        .into_iter()
        .flat_map(HashMap::values)
        .flatten()
        .filter_map(|routine| {
            if everything {
                return Some(Arc::clone(routine));
            }
            let types = callable.get(&i64::from(routine.id))?;
            Some(Arc::new(routine.with_types(types)))
        })
        .collect();
    routines.sort_by(|a, b| (&a.name, a.sort_key()).cmp(&(&b.name, b.sort_key())));
    let described = Described {
        tables,
        routines,
        comment: comment
            .first()
            .and_then(|row| row.try_get(0).ok().flatten()),
        address: job.site.address.clone(),
    };
    let body = document(&described, &snapshot.config, cache);
    Ok(response::of_description(job.request, Some(body)))
}
