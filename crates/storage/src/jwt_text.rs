//! Why a token is refused, in the words that storage's clients know.

use hearth_jwt::JwtError;

/// The words for `error`.
pub(crate) fn words(error: &JwtError) -> String {
    match error {
        JwtError::Empty | JwtError::Parts { .. } => "Invalid Compact JWS".to_owned(),
        JwtError::Malformed => "JWS Protected Header is invalid".to_owned(),
        JwtError::Algorithm => "\"alg\" (Algorithm) Header Parameter value not allowed".to_owned(),
        JwtError::Signature => "signature verification failed".to_owned(),
        JwtError::Expired => "\"exp\" claim timestamp check failed".to_owned(),
        JwtError::NotYetValid => "\"nbf\" claim timestamp check failed".to_owned(),
        JwtError::IssuedInFuture => {
            "\"iat\" claim timestamp check failed (it should be in the past)".to_owned()
        }
        JwtError::ClaimType { claim } => format!("\"{claim}\" claim must be a number"),
    }
}
