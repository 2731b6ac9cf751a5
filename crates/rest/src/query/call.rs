//! Function calls.

use crate::plan::types::{Argument, Arguments, CallParams, CallPlan, TypedField};
use crate::request::payload::Payload;
use crate::schema_cache::model::Qualified;
use crate::schema_cache::routines::Param;

use super::body::SCALAR;
use super::fragment::array_literal;
use super::mutate::body_rows;
use super::snippet::{Bind, Snippet};

/// What the function's result goes by.
const CALL: &str = "pgrst_call";

/// The statement that calls.
pub(super) fn statement(sql: &mut Snippet, plan: &CallPlan) {
    let routine = &plan.routine;
    let scalar = routine.returns_scalar() || routine.returns_set_of_scalar();
    sql.push("select ");
    if scalar {
        sql.push(CALL).push(".").push(SCALAR);
    } else {
        columns(sql, plan);
    }
    let function = Qualified::new(&routine.schema, &routine.name);
    let call = |sql: &mut Snippet, arguments: &dyn Fn(&mut Snippet)| {
        sql.push(if scalar { "(select " } else { "" })
            .qualified(&function)
            .push("(");
        arguments(sql);
        sql.push(")");
        if scalar {
            sql.push(" as ").push(SCALAR).push(")");
        }
        sql.push(" ").push(CALL);
    };
    match (&plan.params, &plan.arguments) {
        (CallParams::Named(params), _) if params.is_empty() => {
            sql.push(" from ");
            call(sql, &|_| {});
        }
        (CallParams::Unnamed(param), arguments) => {
            sql.push(" from ");
            call(sql, &|sql| unnamed(sql, param, arguments));
        }
        (CallParams::Named(params), Arguments::Direct(values)) => {
            sql.push(" from ");
            call(sql, &|sql| direct(sql, params, values));
        }
        (CallParams::Named(params), Arguments::Body(payload)) => {
            let fields: Vec<TypedField> = params
                .iter()
                .map(|param| TypedField {
                    name: param.name.clone(),
                    type_name: param.wide_type.clone(),
                    ..TypedField::default()
                })
                .collect();
            let body = match payload {
                Some(Payload::Json(text)) => Some(text),
                _ => None,
            };
            body_rows(sql, body, &fields, false, true);
            sql.push(", lateral ");
            call(sql, &|sql| {
                sql.list(", ", params, |sql, param| {
                    name(sql, param);
                    sql.push("pgrst_body.").name(&param.name);
                });
            });
        }
    }
}

fn columns(sql: &mut Snippet, plan: &CallPlan) {
    let table = Qualified::bare(CALL);
    if plan.returning.is_empty() {
        sql.push("*");
    } else if plan.returning.len() == 1 && plan.returning.contains("*") {
        sql.column(&table, "*");
    } else {
        let all = plan.returning.union(&plan.filter_columns);
        sql.list(", ", all, |sql, column| {
            sql.column(&table, column);
        });
    }
}

fn name(sql: &mut Snippet, param: &Param) {
    if param.variadic {
        sql.push("variadic ");
    }
    sql.name(&param.name).push(" := ");
}

fn direct(sql: &mut Snippet, params: &[Param], values: &[(String, Argument)]) {
    sql.list(", ", params, |sql, param| {
        name(sql, param);
        let value = values
            .iter()
            .find(|(name, _)| *name == param.name)
            .map(|(_, value)| value);
        match value {
            Some(Argument::Fixed(text)) => sql.value(text),
            // As text first, so that the cast is the statement's and not the parameter's.
            Some(Argument::Variadic(texts)) => sql.value(array_literal(texts)).push("::text[]"),
            None => sql.push("null"),
        };
        sql.push("::").push(&param.wide_type);
    });
}

fn unnamed(sql: &mut Snippet, param: &Param, arguments: &Arguments) {
    let bytea = param.type_name == "bytea";
    let bind = match arguments {
        Arguments::Body(Some(Payload::Raw(bytes))) if bytea => Bind::Bytes(bytes.clone()),
        Arguments::Body(Some(Payload::Raw(bytes))) => Bind::Raw(bytes.clone()),
        Arguments::Body(Some(Payload::Json(text))) => Bind::Body(text.clone()),
        Arguments::Body(_) => Bind::Null,
        Arguments::Direct(values) => {
            let object: serde_json::Map<String, serde_json::Value> = values
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Argument::Fixed(text) => text.clone().into(),
                        Argument::Variadic(texts) => texts.clone().into(),
                    };
                    (name.clone(), value)
                })
                .collect();
            Bind::Text(serde_json::Value::Object(object).to_string())
        }
    };
    sql.bind(bind).push("::").push(&param.type_name);
}
