//! Second stage: what a request means for this database. Pure; rejects what does not fit the
//! schema.

mod call;
mod embed;
pub mod footprint;
mod mutate;
mod negotiate;
mod read;
mod resolve;
mod spread;
pub mod types;

use std::sync::Arc;

pub(crate) use read::SOURCE;

use crate::config::RestConfig;
use crate::error::{RestError, fuzzy};
use crate::request::ApiRequest;
use crate::request::media_type::MediaType;
use crate::request::types::{Action, Invocation, Mutation};
use crate::schema_cache::model::{Qualified, SchemaCache, Table};
use crate::schema_cache::routines::{Routine, Volatility};
use types::{DbPlan, Plan, Statement};

/// Plans a request.
///
/// # Errors
/// PGRST1xx and PGRST2xx errors that need the schema.
pub fn plan(
    request: &ApiRequest,
    config: &RestConfig,
    cache: &SchemaCache,
) -> Result<Plan, RestError> {
    Ok(match &request.action {
        Action::Read {
            table,
            headers_only,
        } => Plan::Db(Box::new(plan_read(
            request,
            table,
            *headers_only,
            config,
            cache,
        )?)),
        Action::Mutate { table, mutation } => Plan::Db(Box::new(plan_mutate(
            request, table, *mutation, config, cache,
        )?)),
        Action::Call {
            function,
            invocation,
        } => Plan::Db(Box::new(plan_call(
            request,
            function,
            *invocation,
            config,
            cache,
        )?)),
        Action::Describe { headers_only } => {
            let known = [MediaType::OpenApi, MediaType::Json, MediaType::Any];
            if !request
                .accept
                .iter()
                .any(|accepted| known.contains(accepted))
            {
                let names: Vec<_> = request.accept.iter().map(MediaType::mime).collect();
                return Err(RestError::MediaType(names.join(", ")));
            }
            Plan::Describe {
                headers_only: *headers_only,
            }
        }
        Action::TableInfo { table } => Plan::TableInfo(find_table(request, table, cache)?),
        Action::RoutineInfo { function } => {
            // Planned as a call: what would refuse that refuses this.
            let invocation = Invocation::Read { headers_only: true };
            plan_call(request, function, invocation, config, cache)?;
            Plan::RoutineInfo(find_routine(request, function, invocation, cache)?)
        }
        Action::SchemaInfo => Plan::SchemaInfo,
    })
}

fn find_table(
    request: &ApiRequest,
    name: &str,
    cache: &SchemaCache,
) -> Result<Arc<Table>, RestError> {
    let schema = &request.schema;
    if let Some(table) = cache.table(schema, name) {
        return Ok(Arc::clone(table));
    }
    // Over hundreds of names the search costs more than the hint is worth.
    const MOST_NAMES: usize = 500;
    let suggestion = cache
        .tables
        .get(schema)
        .filter(|names| names.len() < MOST_NAMES)
        .and_then(|names| fuzzy::best(names.keys().map(String::as_str), name, 0.75))
        .map(|best| format!("Perhaps you meant the table '{schema}.{best}'"));
    Err(RestError::NoTable {
        schema: schema.clone(),
        table: name.to_owned(),
        suggestion,
    })
}

fn find_routine(
    request: &ApiRequest,
    function: &str,
    invocation: Invocation,
    cache: &SchemaCache,
) -> Result<Arc<Routine>, RestError> {
    let arguments = call::argument_names(request, invocation);
    let is_post = invocation == Invocation::Call;
    call::find(
        cache,
        &request.schema,
        function,
        &arguments,
        &request.content_type,
        is_post,
    )
}

fn check_preferences(request: &ApiRequest) -> Result<(), RestError> {
    let preferences = &request.preferences;
    if preferences.is_strict() && !preferences.unknown.is_empty() {
        return Err(RestError::Preferences(preferences.unknown.clone()));
    }
    Ok(())
}

fn plan_read(
    request: &ApiRequest,
    table: &str,
    headers_only: bool,
    config: &RestConfig,
    cache: &SchemaCache,
) -> Result<DbPlan, RestError> {
    let table = find_table(request, table, cache)?;
    let target = Qualified::new(&table.schema, &table.name);
    let read = read::plan(request, &target, config, cache)?;
    let everything = read.selects_everything();
    let (handler, media_type) = negotiate::negotiate(request, &target, config, cache, everything)?;
    check_preferences(request)?;
    let statement = Statement::Read { read, headers_only };
    Ok(DbPlan {
        statement,
        target,
        handler,
        media_type,
        writes: false,
    })
}

fn plan_mutate(
    request: &ApiRequest,
    table: &str,
    mutation: Mutation,
    config: &RestConfig,
    cache: &SchemaCache,
) -> Result<DbPlan, RestError> {
    let table = find_table(request, table, cache)?;
    let target = Qualified::new(&table.schema, &table.name);
    let read = read::plan(request, &target, config, cache)?;
    let mutate = mutate::plan(request, mutation, &table, cache, &read)?;
    check_preferences(request)?;
    let everything = read.selects_everything();
    let (handler, media_type) = negotiate::negotiate(request, &target, config, cache, everything)?;
    let statement = Statement::Mutate {
        read,
        mutate,
        mutation,
    };
    Ok(DbPlan {
        statement,
        target,
        handler,
        media_type,
        writes: true,
    })
}

fn plan_call(
    request: &ApiRequest,
    function: &str,
    invocation: Invocation,
    config: &RestConfig,
    cache: &SchemaCache,
) -> Result<DbPlan, RestError> {
    let arguments = call::argument_names(request, invocation);
    let routine = find_routine(request, function, invocation, cache)?;
    // Rows of a table can embed what the table can.
    let row = routine.table_name().unwrap_or(&routine.name);
    let target = Qualified::new(&routine.schema, row);
    let read = read::plan(request, &target, config, cache)?;
    let writes = invocation == Invocation::Call && routine.volatility == Volatility::Volatile;
    let call = call::plan(request, invocation, Arc::clone(&routine), &arguments, &read);
    let everything = read.selects_everything();
    let (handler, media_type) = negotiate::negotiate(request, &target, config, cache, everything)?;
    check_preferences(request)?;
    let preferences = &request.preferences;
    if preferences.is_strict() && preferences.max_affected.is_some() && !routine.returns_set {
        return Err(RestError::MaxAffectedCall);
    }
    let headers_only = invocation == Invocation::Read { headers_only: true };
    let statement = Statement::Call {
        read,
        call,
        headers_only,
    };
    let target = Qualified::new(&request.schema, function);
    Ok(DbPlan {
        statement,
        target,
        handler,
        media_type,
        writes,
    })
}
