//! Status and code of each error, and the words that depend on its cause.

use std::borrow::Cow;

use hearth_core::{ApiError, ErrorKind};
use hearth_jwt::JwtError;
use hearth_pg::PgError;
use http::StatusCode;

use super::{AuthError, FactorKind};

impl AuthError {
    fn facts(&self) -> (StatusCode, &'static str) {
        use AuthError as E;
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
        const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
        const CONFLICT: StatusCode = StatusCode::CONFLICT;
        const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
        const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;
        const INTERNAL: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
        match self {
            E::BadJson(_) | E::BadVerificationParams(_) => (BAD, "bad_json"),
            E::UnreadableBody => (INTERNAL, "unexpected_failure"),
            E::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "request_entity_too_large"),
            E::Validation(_) | E::AudienceMismatch => (BAD, "validation_failed"),
            E::Unprocessable(_) => (UNPROCESSABLE, "validation_failed"),
            E::OAuth { error, .. } => (BAD, error),
            E::PathNotUuid(_) => (NOT_FOUND, "validation_failed"),
            E::UnsupportedGrantType | E::InvalidCredentials => (BAD, "invalid_credentials"),
            E::WeakPassword { .. } => (UNPROCESSABLE, "weak_password"),
            E::NoBearer => (UNAUTHORIZED, "no_authorization"),
            E::BadJwt(_) | E::MissingSub | E::SessionIdNotUuid => (FORBIDDEN, "bad_jwt"),
            E::SubNotUuid => (BAD, "bad_jwt"),
            E::UserOfTokenGone => (FORBIDDEN, "user_not_found"),
            E::SessionOfTokenGone => (FORBIDDEN, "session_not_found"),
            E::SessionNoLongerValid => (FORBIDDEN, "session_expired"),
            E::UnexpectedAudience => (FORBIDDEN, "unexpected_audience"),
            E::NotAdmin | E::AppMetadataNeedsAdmin => (FORBIDDEN, "not_admin"),
            E::AnonymousNotAllowed => (FORBIDDEN, "no_authorization"),
            E::Banned => (FORBIDDEN, "user_banned"),
            E::BannedAtSignIn | E::RefreshTokenUserBanned => (BAD, "user_banned"),
            E::EmailNotConfirmed => (BAD, "email_not_confirmed"),
            E::PhoneNotConfirmed => (BAD, "phone_not_confirmed"),
            E::VerifyEmailFirst => (UNPROCESSABLE, "email_not_confirmed"),
            E::VerifyPhoneFirst => (UNPROCESSABLE, "phone_not_confirmed"),
            E::UserAlreadyExists => (UNPROCESSABLE, "user_already_exists"),
            E::EmailExists => (UNPROCESSABLE, "email_exists"),
            E::PhoneExists | E::PhoneExistsAdmin => (UNPROCESSABLE, "phone_exists"),
            E::SignupDisabled => (UNPROCESSABLE, "signup_disabled"),
            E::AnonymousDisabled => (UNPROCESSABLE, "anonymous_provider_disabled"),
            E::EmailSignupsDisabled | E::EmailDisabled => (BAD, "email_provider_disabled"),
            E::EmailLoginsDisabled | E::MagicLinkDisabled => {
                (UNPROCESSABLE, "email_provider_disabled")
            }
            E::PhoneSignupsDisabled | E::PhoneDisabled | E::UnsupportedPhoneProvider => {
                (BAD, "phone_provider_disabled")
            }
            E::PhoneLoginsDisabled => (UNPROCESSABLE, "phone_provider_disabled"),
            E::NoSmsProvider => (INTERNAL, "unexpected_failure"),
            E::Web3Disabled => (UNPROCESSABLE, "web3_provider_disabled"),
            E::OtpSignupDisabled => (UNPROCESSABLE, "otp_disabled"),
            E::ProviderDisabled(_) => (BAD, "provider_disabled"),
            E::RefreshTokenNotFound => (BAD, "refresh_token_not_found"),
            E::RefreshTokenAlreadyUsed => (BAD, "refresh_token_already_used"),
            E::RefreshTokenNoSession => (BAD, "session_not_found"),
            E::RefreshSessionExpired(_) => (BAD, "session_expired"),
            E::TooManyRefreshes => (CONFLICT, "conflict"),
            E::OtpExpired | E::LinkExpired => (FORBIDDEN, "otp_expired"),
            E::TooEarly { .. } => (TOO_MANY, "over_email_send_rate_limit"),
            E::TooManyMails => (TOO_MANY, "over_email_send_rate_limit"),
            E::TooEarlyForMessage { .. } | E::TooManyMessages => {
                (TOO_MANY, "over_sms_send_rate_limit")
            }
            E::NotSent { .. } => (INTERNAL, "unexpected_failure"),
            E::MessageNotSent { .. } => (UNPROCESSABLE, "sms_send_failed"),
            E::TrialMailNotSent(_) => (UNPROCESSABLE, "mail_not_sent"),
            E::HookRefused { status, .. } if *status == INTERNAL => (*status, "unexpected_failure"),
            E::HookRefused { status, .. } => (*status, "unknown"),
            E::PasswordRejected(_) => (BAD, "invalid_credentials"),
            E::FactorRejected(_) => (FORBIDDEN, "mfa_verification_rejected"),
            E::HookFailed(_) => (INTERNAL, "unexpected_failure"),
            E::HookTimedOut { .. } => (UNPROCESSABLE, "hook_timeout"),
            E::HookUnreachable => (UNPROCESSABLE, "hook_timeout_after_retry"),
            E::HookContentType(_) => (BAD, "hook_payload_invalid_content_type"),
            E::HookAnswerTooLong { .. } => (UNPROCESSABLE, "hook_payload_over_size_limit"),
            E::FlowStateNotFound => (NOT_FOUND, "flow_state_not_found"),
            E::NoAssociatedFlow(_) => (BAD, "flow_state_not_found"),
            E::FlowStateExpired => (UNPROCESSABLE, "flow_state_expired"),
            E::BadCodeVerifier => (BAD, "bad_code_verifier"),
            E::ReauthenticationNotValid(_) => (UNPROCESSABLE, "reauthentication_not_valid"),
            E::ReauthenticationNeeded => (BAD, "reauthentication_needed"),
            E::UserNotFound(_) => (NOT_FOUND, "user_not_found"),
            E::SamePassword => (UNPROCESSABLE, "same_password"),
            E::CurrentPasswordRequired => (BAD, "current_password_required"),
            E::CurrentPasswordMismatch => (BAD, "current_password_invalid"),
            E::SsoManaged => (UNPROCESSABLE, "user_sso_managed"),
            E::InsufficientAal(_) => (UNAUTHORIZED, "insufficient_aal"),
            E::EnrollNeedsAal2 => (FORBIDDEN, "insufficient_aal"),
            E::UnenrollNeedsAal2 => (UNPROCESSABLE, "insufficient_aal"),
            E::TooManyAttempts => (TOO_MANY, "over_request_rate_limit"),
            E::ManualLinkingDisabled => (NOT_FOUND, "manual_linking_disabled"),
            E::SingleIdentity => (UNPROCESSABLE, "single_identity_not_deletable"),
            E::IdentityNotFound => (UNPROCESSABLE, "identity_not_found"),
            E::IdentityAlreadyExists(_) | E::WechatAlreadyBound => {
                (UNPROCESSABLE, "identity_already_exists")
            }
            E::EmailConflict => (UNPROCESSABLE, "email_conflict_identity_not_deletable"),
            E::SessionNotFound => (NOT_FOUND, "session_not_found"),
            E::FactorNotFound => (NOT_FOUND, "mfa_factor_not_found"),
            E::ChallengeNotFound => (UNPROCESSABLE, "mfa_factor_not_found"),
            E::FactorNameConflict(_) => (UNPROCESSABLE, "mfa_factor_name_conflict"),
            E::TooManyFactors(_) => (UNPROCESSABLE, "too_many_enrolled_mfa_factors"),
            E::FactorEnrollDisabled(kind) => (
                UNPROCESSABLE,
                match kind {
                    FactorKind::Totp => "mfa_totp_enroll_not_enabled",
                    FactorKind::Phone => "mfa_phone_enroll_not_enabled",
                    FactorKind::WebAuthn => "mfa_webauthn_enroll_not_enabled",
                },
            ),
            E::FactorVerifyDisabled(kind) => (
                UNPROCESSABLE,
                match kind {
                    FactorKind::Totp => "mfa_totp_verify_not_enabled",
                    FactorKind::Phone => "mfa_phone_verify_not_enabled",
                    FactorKind::WebAuthn => "mfa_webauthn_verify_not_enabled",
                },
            ),
            E::FactorVerificationFailed => (UNPROCESSABLE, "mfa_verification_failed"),
            E::ChallengeExpired(_) => (UNPROCESSABLE, "mfa_challenge_expired"),
            E::ChallengeAddressMismatch => (UNPROCESSABLE, "mfa_ip_address_mismatch"),
            E::Disabled { code, .. } => (NOT_FOUND, code),
            E::WechatRefused(_) => (BAD, "bad_oauth_callback"),
            E::WechatUnavailable(_) => (StatusCode::BAD_GATEWAY, "unexpected_failure"),
            E::Database { .. } | E::Unhandled(_) if self.is_unavailable() => {
                (StatusCode::SERVICE_UNAVAILABLE, "unexpected_failure")
            }
            E::Database {
                source: PgError::PoolTimeout,
                ..
            }
            | E::Unhandled(PgError::PoolTimeout)
            | E::Timeout => (StatusCode::GATEWAY_TIMEOUT, "request_timeout"),
            E::Database { .. } | E::Unhandled(_) | E::Internal(_) => {
                (INTERNAL, "unexpected_failure")
            }
        }
    }
}

impl ApiError for AuthError {
    fn code(&self) -> Cow<'_, str> {
        self.facts().1.into()
    }

    fn status(&self) -> StatusCode {
        self.facts().0
    }

    fn message(&self) -> Cow<'_, str> {
        if self.is_unavailable() {
            "The database is unavailable, please retry after a moment.".into()
        } else if matches!(self.postgres(), Some(PgError::PoolTimeout)) {
            Self::Timeout.to_string().into()
        } else {
            self.to_string().into()
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Database { .. } | Self::Unhandled(_) => ErrorKind::Postgres,
            Self::TooEarly { .. }
            | Self::TooEarlyForMessage { .. }
            | Self::TooManyMails
            | Self::TooManyMessages
            | Self::TooManyAttempts
            | Self::Timeout
            | Self::TooManyRefreshes => ErrorKind::Limit,
            _ if self.status().is_server_error() => ErrorKind::Internal,
            _ => ErrorKind::Client,
        }
    }
}

/// A refused token in the words of the Go library that upstream verifies with.
pub(super) fn go_jwt_error(error: &JwtError) -> &'static str {
    match error {
        JwtError::Empty | JwtError::Parts { .. } => {
            "token is malformed: token contains an invalid number of segments"
        }
        JwtError::Malformed => "token is malformed: could not base64 decode header",
        JwtError::Algorithm => "token signature is invalid: signing method is invalid",
        JwtError::Signature => "token signature is invalid: signature is invalid",
        JwtError::Expired => "token has invalid claims: token is expired",
        JwtError::NotYetValid => "token has invalid claims: token is not valid yet",
        JwtError::IssuedInFuture => "token has invalid claims: token used before issued",
        JwtError::ClaimType { .. } => "token is malformed: could not JSON decode claim",
    }
}
