//! Refused tokens, in upstream's words.

use hearth_jwt::{JwtError, TokenError};
use http::StatusCode;

/// What is wrong with a token beyond its times, where the API runs alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// PGRST300: a token came, and nothing could verify one.
    #[error("Server lacks JWT secret")]
    NoSecret,
    /// PGRST301
    #[error("{}", refusal(.0))]
    Refused(TokenError),
    /// PGRST302: no token came, and nobody is let in without.
    #[error("Anonymous access is disabled")]
    AnonymousDisabled,
    /// PGRST303: it is for others.
    #[error("JWT not in audience")]
    NotInAudience,
    /// PGRST303
    #[error("The JWT 'aud' claim must be a string or an array of strings")]
    AudienceType,
}

impl TokenProblem {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoSecret => "PGRST300",
            Self::Refused(TokenError::Claims) | Self::NotInAudience | Self::AudienceType => {
                "PGRST303"
            }
            Self::Refused(_) => "PGRST301",
            Self::AnonymousDisabled => "PGRST302",
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoSecret => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    pub(super) fn details(&self) -> Option<&'static str> {
        match self {
            Self::Refused(TokenError::NoSuitableKey) => Some(NO_SUITABLE_KEY),
            Self::Refused(TokenError::Signature) => Some(NONE_DECODED),
            Self::Refused(TokenError::Unsecured) => {
                Some("JWT is unsecured but expected 'alg' was not 'none'")
            }
            _ => None,
        }
    }

    /// `WWW-Authenticate`
    pub(super) fn challenge(&self) -> Option<String> {
        match self {
            Self::NoSecret => None,
            Self::AnonymousDisabled => Some("Bearer".to_owned()),
            _ => Some(invalid(&self.to_string())),
        }
    }
}

/// The challenge to a token that came.
pub(super) fn invalid(message: &str) -> String {
    format!("Bearer error=\"invalid_token\", error_description=\"{message}\"")
}

const NO_SUITABLE_KEY: &str = "No suitable key was found to decode the JWT";
const NONE_DECODED: &str = "None of the keys was able to decode the JWT";
const EMPTY: &str = "Empty JWT is sent in Authorization header";
const MALFORMED: &str = "JWT cryptographic operation failed";
const KEYS: &str = "No suitable key or wrong key type";

fn parts(number: usize) -> String {
    format!("Expected 3 parts in JWT; got {number}")
}

fn refusal(error: &TokenError) -> String {
    match error {
        TokenError::Empty => EMPTY.to_owned(),
        TokenError::Parts(number) => parts(*number),
        TokenError::Malformed => MALFORMED.to_owned(),
        TokenError::Unsecured => "Wrong or unsupported encoding algorithm".to_owned(),
        TokenError::NoSuitableKey | TokenError::Signature => KEYS.to_owned(),
        TokenError::Claims => "Parsing claims failed".to_owned(),
    }
}

pub(super) fn jwt_code(error: &JwtError) -> &'static str {
    match error {
        JwtError::Empty
        | JwtError::Parts { .. }
        | JwtError::Malformed
        | JwtError::Algorithm
        | JwtError::Signature => "PGRST301",
        JwtError::Expired
        | JwtError::NotYetValid
        | JwtError::IssuedInFuture
        | JwtError::ClaimType { .. } => "PGRST303",
    }
}

pub(super) fn jwt_message(error: &JwtError) -> String {
    match error {
        JwtError::Empty => EMPTY.to_owned(),
        JwtError::Parts { parts: number } => parts(*number),
        JwtError::Malformed => MALFORMED.to_owned(),
        JwtError::Algorithm | JwtError::Signature => KEYS.to_owned(),
        JwtError::Expired => "JWT expired".to_owned(),
        JwtError::NotYetValid => "JWT not yet valid".to_owned(),
        JwtError::IssuedInFuture => "JWT issued at future".to_owned(),
        JwtError::ClaimType { claim } => format!("The JWT '{claim}' claim must be a number"),
    }
}

pub(super) fn jwt_details(error: &JwtError) -> Option<&'static str> {
    match error {
        JwtError::Algorithm => Some(NO_SUITABLE_KEY),
        JwtError::Signature => Some(NONE_DECODED),
        _ => None,
    }
}
