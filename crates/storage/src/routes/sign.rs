//! Signed URLs: made by those who may, used by anybody.

use axum::body::Body;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::object::find;
use crate::body::decode_metadata;
use crate::call::Call;
use crate::download::{self, Options};
use crate::error::StorageError;
use crate::names;
use crate::permission::{self, Rights};
use crate::schema::Fields;
use crate::signed_url::{self, Scope};
use crate::uploader::{self, Target};
use crate::wire;

/// Most URLs of one request.
const MAX_PATHS: usize = 1000;

/// A name in a URL that the client will percent-encode: only what would end the path is encoded.
fn in_path(url: &str) -> String {
    url.replace('?', "%3F")
}

/// `POST /object/sign/{bucket}/{name}`
pub(super) async fn sign(
    call: Call,
    bucket: &str,
    name: &str,
    body: Body,
) -> Result<Response, StorageError> {
    #[derive(Serialize)]
    struct Signed {
        #[serde(rename = "signedURL")]
        signed_url: String,
    }
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["expiresIn"])?;
    let seconds = fields.integer("expiresIn", 1)?.unwrap_or_default();
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    names::check_key(name)?;
    find(&call, Some(&claims), bucket, name, "id").await?;
    let url = format!("{bucket}/{name}");
    let token = signed_url::sign_download(&call.context.app, &url, seconds)?;
    let signed_url = format!("/object/sign/{}?token={token}", in_path(&url));
    Ok(wire::json(&Signed { signed_url }))
}

/// `POST /object/sign/{bucket}`
pub(super) async fn sign_many(
    call: Call,
    bucket: &str,
    body: Body,
) -> Result<Response, StorageError> {
    #[derive(Serialize)]
    struct Signed {
        error: Option<&'static str>,
        path: String,
        #[serde(rename = "signedURL")]
        signed_url: Option<String>,
    }
    let fields = Fields::of_body(&call.headers, body).await?;
    fields.require(&["expiresIn", "paths"])?;
    let seconds = fields.integer("expiresIn", 1)?.unwrap_or_default();
    let paths = fields.strings("paths")?.unwrap_or_default();
    fields.check_length("paths", paths.len(), Some(MAX_PATHS))?;
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    let sql = "select name from storage.objects where bucket_id = $1 and name = any($2::text[])";
    let rows = call.read_as(&claims, sql, &[&bucket, &paths]).await?;
    let visible: std::collections::HashSet<&str> = rows.iter().map(|row| row.get(0)).collect();
    let mut answer = Vec::with_capacity(paths.len());
    for path in &paths {
        let signed_url = if visible.contains(path.as_str()) {
            let url = format!("{bucket}/{path}");
            let token = signed_url::sign_download(&call.context.app, &url, seconds)?;
            Some(format!("/object/sign/{}?token={token}", in_path(&url)))
        } else {
            None
        };
        let error = signed_url
            .is_none()
            .then_some("Either the object does not exist or you do not have access to it");
        answer.push(Signed {
            error,
            path: path.clone(),
            signed_url,
        });
    }
    Ok(wire::json(&answer))
}

fn token(call: &Call) -> Result<String, StorageError> {
    call.query("token").ok_or_else(|| {
        StorageError::Validation("querystring must have required property 'token'".to_owned())
    })
}

/// `GET /object/sign/{bucket}/{name}?token=`
pub(super) async fn get(call: Call, bucket: &str, name: &str) -> Result<Response, StorageError> {
    let token = token(&call)?;
    names::check_bucket(bucket)?;
    let url = format!("{bucket}/{name}");
    let verified = signed_url::verify(&call.context.app, &token, &url, Scope::Download)?;
    names::check_key(name)?;
    let row = find(&call, None, bucket, name, "version, metadata").await?;
    let version: Option<String> = row.get("version");
    let metadata: Option<serde_json::Value> = row.get("metadata");
    let options = Options {
        download: call.query("download"),
        expires: Some(verified.expires),
    };
    download::serve(&call, version.as_deref(), metadata.as_ref(), options).await
}

/// `POST /object/upload/sign/{bucket}/{name}`
pub(super) async fn sign_upload(
    call: Call,
    bucket: &str,
    name: &str,
) -> Result<Response, StorageError> {
    #[derive(Serialize)]
    struct Signed {
        url: String,
        token: String,
    }
    let claims = call.claims()?;
    names::check_bucket(bucket)?;
    names::check_key(name)?;
    let target = Target {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        owner: claims.subject().map(str::to_owned),
        upsert: call.wants_upsert(),
    };
    let mut declared = json!({});
    if let Some(mime) = call.header("content-type") {
        declared["mimetype"] = mime.into();
    }
    if let Some(length) = call
        .header("content-length")
        .and_then(|v| v.parse::<u64>().ok())
    {
        declared["contentLength"] = length.into();
    }
    let user_metadata = call.header("x-metadata").and_then(decode_metadata);
    let rights = Rights::Caller(&claims);
    permission::rehearse(&call, &rights, &target, &declared, user_metadata.as_ref()).await?;
    let url = format!("{bucket}/{name}");
    let owner = target.owner.as_deref();
    let token = signed_url::sign_upload(&call.context.app, &url, owner, target.upsert)?;
    let url = format!("/object/upload/sign/{}?token={token}", in_path(&url));
    Ok(wire::json(&Signed { url, token }))
}

/// `PUT /object/upload/sign/{bucket}/{name}?token=`
pub(super) async fn upload(
    call: Call,
    bucket: &str,
    name: &str,
    body: Body,
) -> Result<Response, StorageError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Uploaded {
        key: String,
    }
    let token = token(&call)?;
    names::check_bucket(bucket)?;
    let key = format!("{bucket}/{name}");
    let verified = signed_url::verify(&call.context.app, &token, &key, Scope::Upload)?;
    let target = Target {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        owner: verified.owner,
        upsert: verified.upsert,
    };
    uploader::receive(&call, Rights::Service, target, body).await?;
    Ok(wire::json(&Uploaded { key }))
}
