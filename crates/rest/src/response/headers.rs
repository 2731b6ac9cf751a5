//! Headers that more than one kind of answer has, and what SQL functions say about an answer
//! (`response.headers`, `response.status`).

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::error::RestError;
use crate::execute::DbResult;
use crate::plan::types::{DbPlan, MutatePlan, Statement};
use crate::request::ApiRequest;
use crate::request::media_type::MediaType;
use crate::request::preferences::Preferences;
use crate::request::types::Mutation;

pub(super) const CONTENT_PROFILE: HeaderName = HeaderName::from_static("content-profile");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    } else if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

pub(super) fn length(headers: &mut HeaderMap, bytes: u64) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
}

/// `Content-Type`, and `Content-Profile` where there is more than one schema.
pub(super) fn content(headers: &mut HeaderMap, media_type: &MediaType, request: &ApiRequest) {
    set(headers, CONTENT_TYPE, &media_type.content_type());
    profile(headers, request);
}

pub(super) fn profile(headers: &mut HeaderMap, request: &ApiRequest) {
    if request.names_schema {
        set(headers, CONTENT_PROFILE, &request.schema);
    }
}

/// `Preference-Applied`: those that meant something for this kind of request.
pub(super) fn applied(headers: &mut HeaderMap, plan: &DbPlan, request: &ApiRequest) {
    let asked = &request.preferences;
    let mut applied = Preferences {
        count: asked.count,
        transaction: asked.transaction,
        handling: asked.handling,
        timezone: asked.timezone.clone(),
        ..Preferences::default()
    };
    match &plan.statement {
        Statement::Read { .. } => {}
        Statement::Mutate {
            mutation, mutate, ..
        } => {
            applied.representation = asked.representation;
            match mutation {
                Mutation::Create => {
                    let keyed = matches!(
                        mutate,
                        MutatePlan::Insert { primary_key, .. } if !primary_key.is_empty()
                    );
                    if keyed || request.query.on_conflict.is_some() {
                        applied.resolution = asked.resolution;
                    }
                    applied.missing = asked.missing;
                }
                Mutation::Update => {
                    applied.missing = asked.missing;
                    applied.max_affected = asked.max_affected;
                }
                Mutation::Delete => applied.max_affected = asked.max_affected,
                Mutation::SingleUpsert => {}
            }
        }
        Statement::Call { .. } => applied.max_affected = asked.max_affected,
    }
    if let Some(applied) = applied.applied() {
        set(headers, PREFERENCE_APPLIED, &applied);
    }
}

/// One header of `response.headers`: an object with a single key.
struct Single((String, String));

impl<'de> serde::Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct SingleVisitor;
        impl<'de> Visitor<'de> for SingleVisitor {
            type Value = Single;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with a single key and a string value")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Single, A::Error> {
                let missing = || serde::de::Error::custom("no key");
                let pair = map.next_entry()?.ok_or_else(missing)?;
                match map.next_key::<String>()? {
                    None => Ok(Single(pair)),
                    Some(_) => Err(serde::de::Error::custom("more than one key")),
                }
            }
        }
        input.deserialize_map(SingleVisitor)
    }
}

/// Lets SQL functions override status and headers.
pub(super) fn overridden(
    result: &DbResult,
    status: &mut StatusCode,
    headers: &mut HeaderMap,
) -> Result<(), RestError> {
    if let Some(text) = &result.status {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        *status = digits
            .parse()
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok())
            .ok_or(RestError::ResponseStatus)?;
    }
    if let Some(text) = &result.headers {
        let given: Vec<Single> =
            serde_json::from_str(text).map_err(|_| RestError::ResponseHeaders)?;
        for Single((name, _)) in &given {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                headers.remove(name);
            }
        }
        for Single((name, value)) in &given {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(value.as_bytes()),
            ) {
                headers.append(name, value);
            }
        }
    }
    Ok(())
}
