//! Content negotiation: the first accepted media type that can be made.

use crate::config::RestConfig;
use crate::error::RestError;
use crate::request::ApiRequest;
use crate::request::media_type::MediaType;
use crate::request::preferences::Representation;
use crate::request::types::{Action, Invocation};
use crate::schema_cache::model::{Handler, MediaHandler, Qualified, SchemaCache};

/// How the result becomes a body, and of what type. `everything` says that all columns are
/// answered: only then a handler for the table's own rows applies.
pub(super) fn negotiate(
    request: &ApiRequest,
    target: &Qualified,
    config: &RestConfig,
    cache: &SchemaCache,
    everything: bool,
) -> Result<(Handler, MediaType), RestError> {
    let pick = request
        .accept
        .iter()
        .find_map(|accepted| choose(accepted, target, config, cache, everything));
    let Some((handler, media_type)) = pick else {
        let names: Vec<_> = request.accept.iter().map(MediaType::mime).collect();
        return Err(RestError::MediaType(names.join(", ")));
    };
    let bodiless = match &request.action {
        Action::Mutate { .. } => request.preferences.representation != Some(Representation::Full),
        Action::Read { headers_only, .. }
        | Action::Call {
            invocation: Invocation::Read { headers_only },
            ..
        } => *headers_only,
        _ => false,
    };
    Ok((if bodiless { Handler::None } else { handler }, media_type))
}

fn choose(
    accepted: &MediaType,
    target: &Qualified,
    config: &RestConfig,
    cache: &SchemaCache,
    everything: bool,
) -> Option<(Handler, MediaType)> {
    // Vendored types take parameters and cannot be overridden.
    let fixed = |media_type: &MediaType| match media_type {
        MediaType::Singular { stripped } => Some(Handler::SingleJson {
            stripped: *stripped,
        }),
        MediaType::ArrayStripped => Some(Handler::JsonStripped),
        _ => None,
    };
    if let Some(handler) = fixed(accepted) {
        return Some((handler, accepted.clone()));
    }
    let lookup = |media_type: &MediaType| -> Option<&MediaHandler> {
        let of_target = |media_type: &MediaType| {
            cache
                .handlers
                .get(media_type)?
                .iter()
                .find(|h| h.target.as_ref() == Some(target))
        };
        everything
            .then(|| of_target(&MediaType::Any).or_else(|| of_target(media_type)))
            .flatten()
            .or_else(|| {
                cache
                    .handlers
                    .get(media_type)?
                    .iter()
                    .find(|h| h.target.is_none())
            })
    };
    if let MediaType::Plan { of, .. } = accepted {
        if !config.plan_enabled {
            return None;
        }
        let handler = fixed(of).or_else(|| lookup(of).map(|found| found.handler.clone()))?;
        return Some((handler, accepted.clone()));
    }
    lookup(accepted).map(|found| (found.handler.clone(), found.media_type.clone()))
}
