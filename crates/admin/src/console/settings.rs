//! An application's settings as one JSON object. Secrets are shown as stars; stars sent back keep
//! what is stored.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hearth_apps::AppSettings;
use serde_json::{Value, json};

use crate::access::{Caller, Target};
use crate::account::Role;
use crate::admin::Admin;
use crate::error::AdminError;
use crate::input::{self, Input};

const STARS: &str = "***";

/// The settings, secrets as stars.
#[utoipa::path(
    get,
    path = "/apps/{ref}/settings",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    responses((status = 200, body = Object)),
)]
pub(super) async fn show(target: Target) -> Result<Response, AdminError> {
    Ok(input::json(&shown(&target.app.settings())?))
}

/// Replaces the settings; stars keep a secret.
#[utoipa::path(
    put,
    path = "/apps/{ref}/settings",
    tag = "applications",
    params(("ref" = String, Path, description = "The application")),
    request_body = Object,
    responses((status = 200, body = Object)),
)]
pub(super) async fn replace(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    target: Target,
    Input(mut given): Input<Value>,
) -> Result<Response, AdminError> {
    caller.at_least(Role::Developer)?;
    let before = value(&target.app.settings())?;
    keep_secrets(&mut given, &before)?;
    let settings: AppSettings =
        serde_json::from_value(given).map_err(|e| AdminError::Body(e.to_string()))?;
    let reference = &target.app.reference;
    admin.registry.set_settings(reference, &settings).await?;
    let changed = changed(&before, &value(&settings)?);
    caller
        .record(
            &admin,
            "settings.change",
            Some(reference.as_str()),
            json!({"changed": changed}),
        )
        .await?;
    Ok(input::json(&shown(&settings)?))
}

fn value(settings: &AppSettings) -> Result<Value, AdminError> {
    serde_json::to_value(settings).map_err(|e| AdminError::internal(&e))
}

fn shown(settings: &AppSettings) -> Result<Value, AdminError> {
    let mut value = value(settings)?;
    each_secret(&mut value, |secret| {
        if secret.as_str().is_some_and(|text| !text.is_empty()) {
            *secret = json!(STARS);
        }
    });
    Ok(value)
}

/// Settings whose names say that they are secret.
fn is_secret(name: &str) -> bool {
    ["secret", "password", "token", "private_key", "access_key"]
        .iter()
        .any(|word| name.ends_with(word))
}

fn each_secret(value: &mut Value, mut change: impl FnMut(&mut Value)) {
    fn visit(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if is_secret(name) && field.is_string() {
                        change(field);
                    } else {
                        visit(field, change);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
            _ => {}
        }
    }
    visit(value, &mut change);
}

/// Where a secret is sent to, or whose it is.
const ADDRESSEES: [&str; 6] = ["host", "port", "user", "encryption", "uri", "endpoint"];

/// Puts the secrets back that the page shows as stars. Not for another addressee: who may change
/// settings may not read secrets by having them sent to himself.
fn keep_secrets(given: &mut Value, before: &Value) -> Result<(), AdminError> {
    match (given, before) {
        (Value::Object(given), Value::Object(before)) => {
            let moved = ADDRESSEES
                .iter()
                .any(|name| given.get(*name) != before.get(*name));
            for (name, value) in given {
                let Some(old) = before.get(name) else {
                    continue;
                };
                if is_secret(name) && value.as_str() == Some(STARS) {
                    if moved && old.as_str().is_some_and(|old| !old.is_empty()) {
                        return Err(AdminError::invalid(
                            format!("{name} has to be typed again, because where it goes changes"),
                            format!("接收方已改变，请重新填写 {name}"),
                        ));
                    }
                    *value = old.clone();
                } else {
                    keep_secrets(value, old)?;
                }
            }
        }
        (Value::Array(given), Value::Array(before)) => {
            for (value, old) in given.iter_mut().zip(before) {
                keep_secrets(value, old)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The names of the settings that differ; never their values.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for (section, fields) in after {
        let Value::Object(fields) = fields else {
            continue;
        };
        for (name, value) in fields {
            let old = before.get(section).and_then(|old| old.get(name));
            if old != Some(value) {
                names.push(format!("{section}.{name}"));
            }
        }
    }
    names
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hearth_core::Secret;

    #[test]
    fn stars_keep_the_stored_secret() {
        let mut settings = AppSettings::default();
        settings.auth.wechat_mini_app_secret = Secret::new("s3cret");
        let mut shown = shown(&settings).unwrap();
        assert_eq!(shown["auth"]["wechat_mini_app_secret"], STARS);
        assert!(!shown.to_string().contains("s3cret"));
        shown["auth"]["jwt_expiry"] = json!(60);
        let before = value(&settings).unwrap();
        keep_secrets(&mut shown, &before).unwrap();
        assert_eq!(shown["auth"]["wechat_mini_app_secret"], "s3cret");
        assert_eq!(changed(&before, &shown), ["auth.jwt_expiry"]);
    }

    #[test]
    fn a_secret_is_not_kept_for_another_addressee() {
        let before = json!({"smtp": {"host": "mail.example", "password": "kept"}});
        let mut same = json!({"smtp": {"host": "mail.example", "password": STARS}});
        keep_secrets(&mut same, &before).unwrap();
        assert_eq!(same, before);
        let mut moved = json!({"smtp": {"host": "elsewhere.example", "password": STARS}});
        assert!(keep_secrets(&mut moved, &before).is_err());
    }
}
