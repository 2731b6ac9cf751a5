//! Which function a call means, and its arguments.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{RestError, fuzzy};
use crate::request::ApiRequest;
use crate::request::media_type::MediaType;
use crate::request::payload::Payload;
use crate::request::types::{Invocation, Logic};
use crate::schema_cache::model::SchemaCache;
use crate::schema_cache::routines::Routine;

use super::mutate::needed_columns;
use super::types::{Argument, Arguments, CallParams, CallPlan, Condition, Conditions, ReadNode};

/// The names of the arguments that a request brings.
pub(super) fn argument_names(request: &ApiRequest, invocation: Invocation) -> BTreeSet<String> {
    match invocation {
        Invocation::Read { .. } => request
            .query
            .arguments
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        Invocation::Call => request.columns.clone(),
    }
}

/// The function of that name that takes these arguments. A function is found by the names of its
/// parameters; one with a single unnamed parameter takes a whole body instead.
pub(super) fn find(
    cache: &SchemaCache,
    schema: &str,
    name: &str,
    arguments: &BTreeSet<String>,
    content_type: &MediaType,
    is_post: bool,
) -> Result<Arc<Routine>, RestError> {
    let overloads = cache.routines_named(schema, name);
    let named: Vec<&Arc<Routine>> = overloads
        .iter()
        .filter(|routine| takes(routine, arguments, content_type, is_post))
        .collect();
    match named.as_slice() {
        [one] => return Ok(Arc::clone(one)),
        [] => {}
        several => return Err(ambiguous(several)),
    }
    let unnamed: Vec<&Arc<Routine>> = overloads
        .iter()
        .filter(|routine| is_post && takes_body(routine, content_type))
        .collect();
    match unnamed.as_slice() {
        [one] => Ok(Arc::clone(one)),
        [] => Err(not_found(
            cache,
            schema,
            name,
            arguments,
            content_type,
            is_post,
        )),
        several => Err(ambiguous(several)),
    }
}

fn is_raw(content_type: &MediaType) -> bool {
    matches!(
        content_type,
        MediaType::OctetStream | MediaType::Plain | MediaType::Xml
    )
}

fn takes(
    routine: &Routine,
    arguments: &BTreeSet<String>,
    content_type: &MediaType,
    is_post: bool,
) -> bool {
    if routine.params.is_empty() {
        return arguments.is_empty() && !(is_post && is_raw(content_type));
    }
    let known = |name: &String| routine.params.iter().any(|param| param.name == *name);
    routine
        .params
        .iter()
        .filter(|p| p.required)
        .all(|p| arguments.contains(&p.name))
        && arguments.iter().all(known)
}

fn takes_body(routine: &Routine, content_type: &MediaType) -> bool {
    let [param] = routine.params.as_slice() else {
        return false;
    };
    param.name.is_empty()
        && matches!(
            (content_type, param.type_name.as_str()),
            (MediaType::Json, "json" | "jsonb")
                | (MediaType::Plain, "text")
                | (MediaType::Xml, "xml")
                | (MediaType::OctetStream, "bytea")
        )
}

fn ambiguous(several: &[&Arc<Routine>]) -> RestError {
    let described: Vec<String> = several
        .iter()
        .map(|routine| {
            let params: Vec<String> = routine
                .params
                .iter()
                .map(|param| format!("{} => {}", param.name, param.type_name))
                .collect();
            format!("{}.{}({})", routine.schema, routine.name, params.join(", "))
        })
        .collect();
    RestError::AmbiguousFunction(described.join(", "))
}

fn not_found(
    cache: &SchemaCache,
    schema: &str,
    name: &str,
    arguments: &BTreeSet<String>,
    content_type: &MediaType,
    is_post: bool,
) -> RestError {
    let function = format!("{schema}.{name}");
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let list = names.join(", ");
    let raw = is_post && is_raw(content_type);
    let wanted = match (raw, names.is_empty()) {
        (true, _) => function.clone(),
        (false, true) => format!("{function} without parameters"),
        (false, false) => format!("{function}({list})"),
    };
    let plural = if names.len() > 1 { "s" } else { "" };
    let with = if names.is_empty() {
        " without parameters".to_owned()
    } else {
        format!(" with parameter{plural} {list}")
    };
    let searched = match (is_post, content_type) {
        (true, MediaType::Plain) => " with a single unnamed text parameter".to_owned(),
        (true, MediaType::Xml) => " with a single unnamed xml parameter".to_owned(),
        (true, MediaType::OctetStream) => " with a single unnamed bytea parameter".to_owned(),
        (true, MediaType::Json) => {
            format!("{with} or with a single unnamed json/jsonb parameter")
        }
        _ => with,
    };
    let suggestion = (!raw)
        .then(|| suggest(cache, schema, name, arguments))
        .flatten();
    RestError::NoFunction {
        wanted,
        details: format!(
            "Searched for the function {function}{searched}, but no matches were found in the \
             schema cache."
        ),
        suggestion,
    }
}

fn suggest(
    cache: &SchemaCache,
    schema: &str,
    name: &str,
    arguments: &BTreeSet<String>,
) -> Option<String> {
    let overloads = cache.routines_named(schema, name);
    let meant = if overloads.is_empty() {
        let names = cache.routines.get(schema)?.keys().map(String::as_str);
        fuzzy::best(names, name, 0.75)?.to_owned()
    } else {
        let signature = |mut names: Vec<&str>| {
            names.sort_unstable();
            format!("({})", names.join(", "))
        };
        let known: Vec<String> = overloads
            .iter()
            .map(|routine| signature(routine.params.iter().map(|p| p.name.as_str()).collect()))
            .collect();
        let asked = signature(arguments.iter().map(String::as_str).collect());
        let best = fuzzy::best(known.iter().map(String::as_str), &asked, 0.33)?;
        format!("{name}{best}")
    };
    Some(format!(
        "Perhaps you meant to call the function {schema}.{meant}"
    ))
}

/// How `routine` is called, and what is needed of its rows.
pub(super) fn plan(
    request: &ApiRequest,
    invocation: Invocation,
    routine: Arc<Routine>,
    arguments: &BTreeSet<String>,
    read: &ReadNode,
) -> CallPlan {
    let specified = |routine: &Routine| {
        let params = routine
            .params
            .iter()
            .filter(|param| arguments.contains(&param.name));
        CallParams::Named(params.cloned().collect())
    };
    let params = match routine.params.as_slice() {
        [only] if only.name.is_empty() => CallParams::Unnamed(only.clone()),
        _ => specified(&routine),
    };
    let arguments = match (invocation, &request.payload) {
        (Invocation::Read { .. }, _) => {
            Arguments::Direct(direct(&routine, &request.query.arguments))
        }
        (Invocation::Call, Some(Payload::Form(pairs))) => {
            Arguments::Direct(direct(&routine, pairs))
        }
        (Invocation::Call, payload) => Arguments::Body(payload.clone()),
    };
    let mut filter_columns = BTreeSet::new();
    collect_columns(read, &mut filter_columns);
    CallPlan {
        params,
        arguments,
        filter_columns,
        returning: needed_columns(read, &[]),
        routine,
    }
}

/// Values by parameter. Of a parameter named twice the last value counts, unless it is variadic.
fn direct(routine: &Routine, pairs: &[(String, String)]) -> Vec<(String, Argument)> {
    let mut arguments: Vec<(String, Argument)> = Vec::new();
    for (name, value) in pairs {
        let variadic = routine.params.iter().any(|p| p.variadic && p.name == *name);
        let slot = arguments.iter_mut().find(|(known, _)| known == name);
        match (slot, variadic) {
            (Some((_, Argument::Variadic(values))), true) => values.push(value.clone()),
            (Some((_, slot)), _) => *slot = Argument::Fixed(value.clone()),
            (None, true) => {
                arguments.push((name.clone(), Argument::Variadic(vec![value.clone()])));
            }
            (None, false) => arguments.push((name.clone(), Argument::Fixed(value.clone()))),
        }
    }
    arguments
}

fn collect_columns(node: &ReadNode, columns: &mut BTreeSet<String>) {
    fn of_conditions(conditions: &Conditions, columns: &mut BTreeSet<String>) {
        match conditions {
            Logic::Group { members, .. } => {
                members
                    .iter()
                    .for_each(|member| of_conditions(member, columns));
            }
            Logic::Condition(Condition::Field { field, .. }) => {
                columns.insert(field.name.clone());
            }
            Logic::Condition(Condition::NullEmbed { .. }) => {}
        }
    }
    for conditions in &node.conditions {
        of_conditions(conditions, columns);
    }
}
