//! The body of an upload: the bytes themselves, or a form whose text fields come before the file
//! (as `wx.uploadFile`, browsers and the SDKs send it).

use axum::body::{Body, BodyDataStream};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use multer::{Field, Multipart};
use serde_json::Value;

use crate::error::StorageError;
use crate::names;

/// Largest user metadata, and largest text field of a form.
const MAX_FIELD_BYTES: usize = 1024 * 1024;
/// Most text fields of a form.
const MAX_FIELDS: usize = 10;
/// How much may follow the file in a form before the connection is rather closed.
const MAX_TRAILER_BYTES: usize = 64 * 1024;

/// An upload as its request describes it; the bytes are still on their way.
pub(crate) struct Upload {
    pub(crate) mime: String,
    pub(crate) cache_control: String,
    pub(crate) user_metadata: Option<Value>,
    pub(crate) x_robots_tag: Option<String>,
    /// The request's length as it claims it; a form's includes its boundaries.
    pub(crate) declared_length: Option<u64>,
    pub(crate) chunks: Chunks,
}

/// The bytes.
pub(crate) enum Chunks {
    /// The whole body.
    Raw(BodyDataStream),
    /// The file of a form, and the rest of the form.
    Part(Box<(Field<'static>, Multipart<'static>)>),
}

impl Chunks {
    /// The next chunk; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, StorageError>> {
        match self {
            Self::Raw(stream) => stream
                .next()
                .await
                .map(|c| c.map_err(|_| StorageError::Aborted)),
            Self::Part(part) => match part.0.chunk().await {
                Ok(chunk) => chunk.map(Ok),
                Err(error) => Some(Err(form_error(&error))),
            },
        }
    }

    /// Reads what little follows the file of a form, so that the connection can be used again.
    pub(crate) async fn finish(self) {
        let Self::Part(part) = self else { return };
        let (field, mut form) = *part;
        drop(field);
        let mut seen = 0;
        while let Ok(Some(mut field)) = form.next_field().await {
            while let Ok(Some(chunk)) = field.chunk().await {
                seen += chunk.len();
                if seen > MAX_TRAILER_BYTES {
                    return;
                }
            }
        }
    }
}

/// What an upload's bucket asks of it.
pub(crate) struct Limits<'a> {
    pub(crate) max_bytes: u64,
    /// Empty: any type.
    pub(crate) allowed_types: &'a [String],
}

impl Upload {
    /// Reads an upload's headers, and in a form the fields before the file.
    ///
    /// # Errors
    /// What the limits refuse, or a form without a file.
    pub(crate) async fn of_request(
        headers: &HeaderMap,
        body: Body,
        limits: &Limits<'_>,
    ) -> Result<Self, StorageError> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let content_type = text("content-type");
        let x_robots_tag = text("x-robots-tag").map(str::to_owned);
        if let Some(tag) = &x_robots_tag {
            crate::download::check_robots_tag(tag)?;
        }
        let declared_length = text("content-length").and_then(|v| v.parse().ok());
        let upload = match content_type {
            Some(form) if form.starts_with("multipart/form-data") => {
                // The WeChat SDK says in a header what others say in a field.
                let cache_control = text("cache-control").filter(|v| v.starts_with("max-age="));
                let cache_control = cache_control.unwrap_or("no-cache").to_owned();
                Self::of_form(form, body, cache_control, x_robots_tag, declared_length).await?
            }
            _ => Self {
                mime: content_type
                    .unwrap_or("application/octet-stream")
                    .to_owned(),
                cache_control: text("cache-control").unwrap_or("no-cache").to_owned(),
                user_metadata: text("x-metadata").and_then(decode_metadata),
                x_robots_tag,
                declared_length,
                chunks: Chunks::Raw(body.into_data_stream()),
            },
        };
        names::check_type(&upload.mime, limits.allowed_types)?;
        let raw = matches!(upload.chunks, Chunks::Raw(_));
        if raw && declared_length.is_some_and(|length| length > limits.max_bytes) {
            return Err(StorageError::EntityTooLarge("object"));
        }
        Ok(upload)
    }

    async fn of_form(
        content_type: &str,
        body: Body,
        mut cache_control: String,
        x_robots_tag: Option<String>,
        declared_length: Option<u64>,
    ) -> Result<Self, StorageError> {
        let boundary = multer::parse_boundary(content_type)
            .map_err(|_| invalid("Multipart: Boundary not found"))?;
        let mut form = Multipart::new(body.into_data_stream(), boundary);
        let mut metadata = None;
        let mut user_metadata = None;
        let mut given_type = None;
        for _ in 0..=MAX_FIELDS {
            let Some(mut field) = form.next_field().await.map_err(|e| form_error(&e))? else {
                return Err(invalid("No content provided"));
            };
            let name = field.name().unwrap_or_default().to_owned();
            let mime = field
                .content_type()
                .map(|mime| mime.essence_str().to_owned());
            if is_file(&field, &name) {
                let custom = metadata.or(user_metadata);
                return Ok(Self {
                    mime: given_type
                        .or(mime)
                        .unwrap_or_else(|| "text/plain".to_owned()),
                    cache_control,
                    user_metadata: custom.and_then(|json: String| serde_json::from_str(&json).ok()),
                    x_robots_tag,
                    declared_length,
                    chunks: Chunks::Part(Box::new((field, form))),
                });
            }
            let value = read_field(&mut field).await?;
            match name.as_str() {
                "cacheControl" if !value.is_empty() => cache_control = format!("max-age={value}"),
                "metadata" => metadata = Some(value),
                "userMetadata" => user_metadata = Some(value),
                "contentType" if !value.is_empty() => given_type = Some(value),
                _ => {}
            }
        }
        Err(invalid("reach fields limit"))
    }
}

/// A part is the file if it says a file name or the type of one; some mini-program runtimes leave
/// the file name out.
fn is_file(field: &Field<'_>, name: &str) -> bool {
    let mime = field.content_type().map(|mime| mime.essence_str());
    field.file_name().is_some()
        || mime == Some("application/octet-stream")
        || (mime.is_some() && (name == "file" || name.is_empty()))
}

async fn read_field(field: &mut Field<'_>) -> Result<String, StorageError> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| form_error(&e))? {
        if value.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(StorageError::EntityTooLarge("user_metadata"));
        }
        value.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&value).into_owned())
}

fn invalid(words: &str) -> StorageError {
    StorageError::InvalidRequest(words.to_owned())
}

fn form_error(error: &multer::Error) -> StorageError {
    match error {
        multer::Error::StreamReadFailed(_) => StorageError::Aborted,
        multer::Error::IncompleteStream
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteFieldData { .. } => invalid("Unexpected end of form"),
        _ => invalid("Malformed form"),
    }
}

/// User metadata out of a header: JSON in base64. What is neither counts as none.
pub(crate) fn decode_metadata(text: &str) -> Option<Value> {
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text.trim_end_matches('=')))
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}
