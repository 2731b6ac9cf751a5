//! Which endpoint a request is for. The path is split while it is still encoded and each part is
//! decoded exactly once, so that an encoded slash in a bucket's name stays part of that name.

mod bucket;
mod info;
mod list;
mod object;
mod sign;
mod transfer;
mod tus;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use hearth_apps::RequestContext;
use http::{Method, Request, header};

use crate::call::{Call, decode};
use crate::drain;
use crate::error::StorageError;
use crate::state::Storage;
use crate::wire;

/// The routes below `/storage/v1`.
pub fn router(storage: Arc<Storage>) -> Router {
    Router::new().fallback(answer).with_state(storage)
}

async fn answer(
    State(storage): State<Arc<Storage>>,
    Extension(context): Extension<RequestContext>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let call = Call {
        storage,
        context,
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        operation: "",
    };
    // Who waits for `100 Continue` has sent nothing yet, and need not once it is refused.
    let waits = call.headers.contains_key(header::EXPECT);
    let (body, remainder) = drain::lend(body);
    let response = route(call, body)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    if response.status().as_u16() >= 400 && !waits {
        remainder.drain().await;
    }
    response
}

async fn route(mut call: Call, body: Body) -> Result<Response, StorageError> {
    let path = call.uri.path().trim_start_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    if !is_get(&call.method) && !has_content_type(&call) {
        return Err(StorageError::InvalidContentType);
    }
    // GET routes answer HEAD as well; the server leaves the body out.
    let get = matches!(call.method, Method::GET | Method::HEAD);
    match (call.method.clone(), parts.as_slice()) {
        (_, ["bucket"] | ["bucket", ""]) if get => {
            call.operation = "storage.bucket.list";
            bucket::list(call).await
        }
        (Method::POST, ["bucket"] | ["bucket", ""]) => {
            call.operation = "storage.bucket.create";
            bucket::create(call, body).await
        }
        (_, ["bucket", id]) if get => {
            call.operation = "storage.bucket.get";
            bucket::get(call, &decode(id)).await
        }
        (Method::PUT, ["bucket", id]) => {
            call.operation = "storage.bucket.update";
            bucket::update(call, &decode(id), body).await
        }
        (Method::DELETE, ["bucket", id]) => {
            call.operation = "storage.bucket.delete";
            bucket::delete(call, &decode(id)).await
        }
        (Method::POST, ["bucket", id, "empty"]) => {
            call.operation = "storage.bucket.empty";
            bucket::empty(call, &decode(id)).await
        }
        (_, ["object", rest @ ..]) => route_object(call, rest, body).await,
        (_, ["upload", "resumable", rest @ ..]) => tus::route(call, rest, body).await,
        (_, ["status"]) if get => Ok(Response::new(Body::empty())),
        (_, ["version"]) if get => Ok(env!("CARGO_PKG_VERSION").into_response()),
        (_, ["health"]) if get => {
            call.read_as_service("select id from storage.buckets limit 1", &[])
                .await?;
            Ok(wire::json(&serde_json::json!({ "healthy": true })))
        }
        _ => Err(no_route(&call)),
    }
}

fn no_route(call: &Call) -> StorageError {
    StorageError::NoRoute(format!("{}:{}", call.method, call.uri))
}

/// The object's name: all that is left of the path.
fn wildcard(parts: &[&str]) -> String {
    decode(&parts.join("/"))
}

async fn route_object(
    mut call: Call,
    parts: &[&str],
    body: Body,
) -> Result<Response, StorageError> {
    let method = call.method.clone();
    match (&method, parts) {
        (&Method::POST, ["move"]) => {
            call.operation = "storage.object.move";
            transfer::move_object(call, body).await
        }
        (&Method::POST, ["copy"]) => {
            call.operation = "storage.object.copy";
            transfer::copy_object(call, body).await
        }
        (&Method::POST, ["list", bucket]) => {
            call.operation = "storage.object.list";
            list::list(call, &decode(bucket), body).await
        }
        (&Method::POST, ["list-v2", bucket]) => {
            call.operation = "storage.object.list_v2";
            list::list_v2(call, &decode(bucket), body).await
        }
        (&Method::POST, ["sign", bucket]) => {
            call.operation = "storage.object.sign_many";
            sign::sign_many(call, &decode(bucket), body).await
        }
        (&Method::POST, ["sign", bucket, name @ ..]) => {
            call.operation = "storage.object.sign";
            sign::sign(call, &decode(bucket), &wildcard(name), body).await
        }
        (&Method::POST, ["upload", "sign", bucket, name @ ..]) if !name.is_empty() => {
            call.operation = "storage.object.sign_upload_url";
            sign::sign_upload(call, &decode(bucket), &wildcard(name)).await
        }
        (&Method::PUT, ["upload", "sign", bucket, name @ ..]) if !name.is_empty() => {
            call.operation = "storage.object.upload_signed";
            sign::upload(call, &decode(bucket), &wildcard(name), body).await
        }
        (&Method::DELETE, [bucket]) => {
            call.operation = "storage.object.delete_many";
            object::delete_many(call, &decode(bucket), body).await
        }
        (_, ["sign", bucket, name @ ..]) if is_get(&method) && !name.is_empty() => {
            call.operation = "storage.object.get_signed";
            sign::get(call, &decode(bucket), &wildcard(name)).await
        }
        (_, ["public", bucket, name @ ..]) if is_get(&method) && !name.is_empty() => {
            let (bucket, name) = (decode(bucket), wildcard(name));
            if method == Method::HEAD {
                call.operation = "storage.object.info_public";
                info::head(call, info::Door::Public, &bucket, &name).await
            } else {
                call.operation = "storage.object.get_public";
                object::get_public(call, &bucket, &name).await
            }
        }
        (_, ["authenticated", bucket, name @ ..]) if is_get(&method) && !name.is_empty() => {
            let (bucket, name) = (decode(bucket), wildcard(name));
            if method == Method::HEAD {
                call.operation = "object.head_authenticated_info";
                info::head(call, info::Door::Authenticated, &bucket, &name).await
            } else {
                call.operation = "storage.object.get_authenticated";
                object::get_authenticated(call, &bucket, &name).await
            }
        }
        (_, ["info", rest @ ..]) if is_get(&method) && rest.len() >= 2 => {
            let (door, bucket, name) = match rest {
                ["public", bucket, name @ ..] if !name.is_empty() => {
                    (info::Door::Public, bucket, name)
                }
                ["authenticated", bucket, name @ ..] if !name.is_empty() => {
                    (info::Door::Authenticated, bucket, name)
                }
                [bucket, name @ ..] => (info::Door::Either, bucket, name),
                [] => return Err(no_route(&call)),
            };
            call.operation = match door {
                info::Door::Public => "storage.object.info_public",
                _ => "object.get_authenticated_info",
            };
            info::info(call, door, &decode(bucket), &wildcard(name)).await
        }
        (_, [bucket, name @ ..]) if !name.is_empty() => {
            let (bucket, name) = (decode(bucket), wildcard(name));
            match method {
                Method::GET => {
                    call.operation = "storage.object.get_authenticated";
                    object::get(call, &bucket, &name).await
                }
                Method::HEAD => {
                    call.operation = "object.head_authenticated_info";
                    info::head(call, info::Door::Either, &bucket, &name).await
                }
                Method::POST => {
                    call.operation = "storage.object.upload";
                    object::create(call, bucket, name, body).await
                }
                Method::PUT => {
                    call.operation = "storage.object.upload_update";
                    object::update(call, bucket, name, body).await
                }
                Method::DELETE => {
                    call.operation = "storage.object.delete";
                    object::delete(call, &bucket, &name).await
                }
                _ => Err(no_route(&call)),
            }
        }
        _ => Err(no_route(&call)),
    }
}

/// True unless the request has a `Content-Type` that is none.
fn has_content_type(call: &Call) -> bool {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&b))
    };
    call.headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        let essence = value
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        essence
            .split_once('/')
            .is_some_and(|(kind, sub)| token(kind) && token(sub.trim_end()))
    })
}

fn is_get(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
