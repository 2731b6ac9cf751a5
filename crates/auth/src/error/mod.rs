//! Everything this service refuses or fails at, each with GoTrue's code, status and words. Clients
//! match on the codes, so this list is the whole of them.

mod status;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use hearth_jwt::JwtError;
use hearth_pg::PgError;

/// A refused or failed request.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    // What was sent
    /// The body is no JSON, or a field has the wrong type. The text is Go's.
    #[error("Could not parse request body as JSON: {0}")]
    BadJson(String),
    /// The same, in the words of the magic link endpoint.
    #[error("Could not read verification params: {0}")]
    BadVerificationParams(String),
    /// The body could not be read to its end.
    #[error("Could not read body into byte slice")]
    UnreadableBody,
    /// The body is larger than `limit` bytes.
    #[error("Request body too large (max {limit} bytes)")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A parameter is missing or wrong.
    #[error("{0}")]
    Validation(Cow<'static, str>),
    /// As [`AuthError::Validation`], where upstream answers 422.
    #[error("{0}")]
    Unprocessable(Cow<'static, str>),
    /// An id in the path is no UUID.
    #[error("{0} must be an UUID")]
    PathNotUuid(&'static str),
    /// A grant type that does not exist.
    #[error("unsupported_grant_type")]
    UnsupportedGrantType,
    /// A password that the rules refuse.
    #[error("{message}")]
    WeakPassword {
        /// All reasons in words.
        message: String,
        /// All reasons by name.
        reasons: Vec<&'static str>,
    },

    /// A refusal in the shape of OAuth: `error` and `error_description`.
    #[error("{description}")]
    OAuth {
        /// OAuth's name of it.
        error: &'static str,
        /// In words.
        description: Cow<'static, str>,
    },

    // Who asks
    /// No `Authorization: Bearer …`.
    #[error("This endpoint requires a valid Bearer token")]
    NoBearer,
    /// The bearer token was refused.
    #[error("invalid JWT: unable to parse or verify signature, {}", status::go_jwt_error(.0))]
    BadJwt(JwtError),
    /// A token without `sub`.
    #[error("invalid claim: missing sub claim")]
    MissingSub,
    /// A `sub` that is no UUID.
    #[error("invalid claim: sub claim must be a UUID")]
    SubNotUuid,
    /// A `session_id` that is no UUID.
    #[error("invalid claim: session_id claim must be a UUID")]
    SessionIdNotUuid,
    /// The token's user is gone.
    #[error("User from sub claim in JWT does not exist")]
    UserOfTokenGone,
    /// The token's session is gone.
    #[error("Session from session_id claim in JWT does not exist")]
    SessionOfTokenGone,
    /// The session's time is over.
    #[error("Session is no longer valid")]
    SessionNoLongerValid,
    /// The token's audience is another one.
    #[error("Token audience doesn't match request audience")]
    AudienceMismatch,
    /// As [`AuthError::AudienceMismatch`], where identities are unlinked.
    #[error("Token audience doesn't match request audience")]
    UnexpectedAudience,
    /// Not an admin's token.
    #[error("User not allowed")]
    NotAdmin,
    /// Only admins change `app_metadata`.
    #[error("Updating app_metadata requires admin privileges")]
    AppMetadataNeedsAdmin,
    /// Anonymous users may not.
    #[error("Anonymous user not allowed to perform these actions")]
    AnonymousNotAllowed,
    /// The user is banned.
    #[error("User is banned")]
    Banned,
    /// The user is banned, said at sign-in.
    #[error("User is banned")]
    BannedAtSignIn,

    // Sign-up and sign-in
    /// Unknown user or wrong password.
    #[error("Invalid login credentials")]
    InvalidCredentials,
    /// The address is not confirmed.
    #[error("Email not confirmed")]
    EmailNotConfirmed,
    /// The phone number is not confirmed.
    #[error("Phone not confirmed")]
    PhoneNotConfirmed,
    /// The address is taken, said at sign-up.
    #[error("User already registered")]
    UserAlreadyExists,
    /// The address is taken.
    #[error("A user with this email address has already been registered")]
    EmailExists,
    /// The phone number is taken.
    #[error("A user with this phone number has already been registered")]
    PhoneExists,
    /// The phone number is taken, said to an admin.
    #[error("Phone number already registered by another user")]
    PhoneExistsAdmin,
    /// Sign-up is off.
    #[error("Signups not allowed for this instance")]
    SignupDisabled,
    /// Anonymous sign-in is off.
    #[error("Anonymous sign-ins are disabled")]
    AnonymousDisabled,
    /// Sign-up by mail is off.
    #[error("Email signups are disabled")]
    EmailSignupsDisabled,
    /// Sign-up by phone is off.
    #[error("Phone signups are disabled")]
    PhoneSignupsDisabled,
    /// Sign-in by mail is off; 422 at sign-in and magic link.
    #[error("Email logins are disabled")]
    EmailLoginsDisabled,
    /// Sign-in by mail is off; 400 elsewhere.
    #[error("Email logins are disabled")]
    EmailDisabled,
    /// Sign-in by phone is off; 422 at sign-in.
    #[error("Phone logins are disabled")]
    PhoneLoginsDisabled,
    /// Sign-in by phone is off; 400 elsewhere.
    #[error("Phone logins are disabled")]
    PhoneDisabled,
    /// Codes by phone are off.
    #[error("Unsupported phone provider")]
    UnsupportedPhoneProvider,
    /// No provider sends messages to phones.
    #[error("Unable to get SMS provider")]
    NoSmsProvider,
    /// Sign-in by a wallet is off.
    #[error("Web3 provider is disabled")]
    Web3Disabled,
    /// Sign-in by link is off.
    #[error("Login with magic link is disabled")]
    MagicLinkDisabled,
    /// A code for an unknown address, with `create_user: false`.
    #[error("Signups not allowed for otp")]
    OtpSignupDisabled,
    /// A provider that is not there.
    #[error("{0}")]
    ProviderDisabled(Cow<'static, str>),

    // Sessions
    /// Unknown refresh token.
    #[error("Invalid Refresh Token: Refresh Token Not Found")]
    RefreshTokenNotFound,
    /// A refresh token that was used before.
    #[error("Invalid Refresh Token: Already Used")]
    RefreshTokenAlreadyUsed,
    /// The refresh token's user is banned.
    #[error("Invalid Refresh Token: User Banned")]
    RefreshTokenUserBanned,
    /// A refresh token without a session.
    #[error("Invalid Refresh Token: No Valid Session Found")]
    RefreshTokenNoSession,
    /// Its session's time is over.
    #[error("Invalid Refresh Token: Session Expired{0}")]
    RefreshSessionExpired(&'static str),
    /// The session stayed locked by other refreshes.
    #[error("Too many concurrent token refresh requests on the same session or refresh token")]
    TooManyRefreshes,

    // Codes and links
    /// A code that is wrong or too old.
    #[error("Token has expired or is invalid")]
    OtpExpired,
    /// A link that is wrong or too old.
    #[error("Email link is invalid or has expired")]
    LinkExpired,
    /// Too many wrong codes.
    #[error("Request rate limit reached")]
    TooManyAttempts,
    /// Too early for another mail.
    #[error("For security purposes, you can only request this after {seconds} seconds.")]
    TooEarly {
        /// How long to wait.
        seconds: i64,
    },
    /// Too early for another message to the phone.
    #[error("For security purposes, you can only request this after {seconds} seconds.")]
    TooEarlyForMessage {
        /// How long to wait.
        seconds: i64,
    },
    /// The application's mails of this hour are sent.
    #[error("email rate limit exceeded")]
    TooManyMails,
    /// The application's messages to phones of this hour are sent.
    #[error("SMS rate limit exceeded")]
    TooManyMessages,
    /// A mail could not be sent; the words say which.
    #[error("{message}")]
    NotSent {
        /// GoTrue's words.
        message: &'static str,
        /// The cause, for the log.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The provider did not send a message to a phone; its words are told, as upstream does.
    #[error("Error sending {what} OTP to provider: {reason}")]
    MessageNotSent {
        /// GoTrue's name of the code.
        what: &'static str,
        /// The provider's words.
        reason: String,
    },
    /// A trial mail could not be sent; its sender is the operator, who is told why.
    #[error("{0}")]
    TrialMailNotSent(String),
    /// No PKCE flow with this code.
    #[error("invalid flow state, no valid flow state found")]
    FlowStateNotFound,
    /// No PKCE flow belongs to this link.
    #[error("No associated flow state found. {0}")]
    NoAssociatedFlow(&'static str),
    /// The PKCE flow is too old.
    #[error("invalid flow state, flow state has expired")]
    FlowStateExpired,
    /// The verifier does not fit the challenge.
    #[error("code challenge does not match previously saved code verifier")]
    BadCodeVerifier,
    /// The code to re-authenticate is wrong or too old.
    #[error("{0}")]
    ReauthenticationNotValid(&'static str),
    /// A new password needs a code.
    #[error("Password update requires reauthentication")]
    ReauthenticationNeeded,
    /// Verify your address first.
    #[error("Please verify your email first.")]
    VerifyEmailFirst,
    /// Verify your number first.
    #[error("Please verify your phone first.")]
    VerifyPhoneFirst,

    // Users and identities
    /// No such user.
    #[error("{0}")]
    UserNotFound(&'static str),
    /// The new password is the old one.
    #[error("New password should be different from the old password.")]
    SamePassword,
    /// The current password is missing.
    #[error("Current password required when setting new password.")]
    CurrentPasswordRequired,
    /// The current password is wrong.
    #[error("Current password required when setting new password.")]
    CurrentPasswordMismatch,
    /// Single sign-on decides over these fields.
    #[error("Updating email, phone, password of a SSO account only possible via SSO")]
    SsoManaged,
    /// A second factor is needed first.
    #[error("{0}")]
    InsufficientAal(&'static str),
    /// A verified factor is needed to enroll another.
    #[error("AAL2 required to enroll a new factor")]
    EnrollNeedsAal2,
    /// A factor is needed to remove it.
    #[error("AAL2 required to unenroll verified factor")]
    UnenrollNeedsAal2,
    /// Linking by hand is off.
    #[error("Manual linking is disabled")]
    ManualLinkingDisabled,
    /// The last identity stays.
    #[error("User must have at least 1 identity after unlinking")]
    SingleIdentity,
    /// Not an identity of this user.
    #[error("Identity doesn't exist")]
    IdentityNotFound,
    /// The identity is somebody's already.
    #[error("{0}")]
    IdentityAlreadyExists(&'static str),
    /// The address of another identity is another user's.
    #[error("Unable to unlink identity due to email conflict")]
    EmailConflict,

    /// No such session of this user.
    #[error("Session not found")]
    SessionNotFound,

    // Second factors
    /// No such factor of this user.
    #[error("Factor not found")]
    FactorNotFound,
    /// The user has a factor of that name.
    #[error("A factor with the friendly name {0:?} for this user already exists")]
    FactorNameConflict(String),
    /// The user has too many factors.
    #[error("{0}")]
    TooManyFactors(&'static str),
    /// Enrolling is off.
    #[error("MFA enroll is disabled for {0}")]
    FactorEnrollDisabled(FactorKind),
    /// Verifying is off.
    #[error("MFA verification is disabled for {0}")]
    FactorVerifyDisabled(FactorKind),
    /// Wrong code.
    #[error("Invalid TOTP code entered")]
    FactorVerificationFailed,
    /// No such challenge.
    #[error("MFA factor with the provided challenge ID not found")]
    ChallengeNotFound,
    /// The challenge is too old.
    #[error(
        "MFA challenge {0} has expired, verify against another challenge or create a new challenge."
    )]
    ChallengeExpired(uuid::Uuid),
    /// The challenge was made from another address.
    #[error("Challenge and verify IP addresses mismatch.")]
    ChallengeAddressMismatch,

    // Hooks
    /// The hook refuses, in its own words.
    #[error("{message}")]
    HookRefused {
        /// The status it asks for.
        status: http::StatusCode,
        /// Its words.
        message: String,
    },
    /// The hook refuses a sign-in by password.
    #[error("{0}")]
    PasswordRejected(String),
    /// The hook refuses a second factor.
    #[error("{0}")]
    FactorRejected(String),
    /// The hook failed; the words say at what, never why.
    #[error("{0}")]
    HookFailed(Cow<'static, str>),
    /// The hook took too long.
    #[error("Failed to reach hook within maximum time of {seconds:.6} seconds")]
    HookTimedOut {
        /// How long it had.
        seconds: f64,
    },
    /// Nobody answers where the hook is said to be.
    #[error("Failed to reach hook after maximum retries")]
    HookUnreachable,
    /// The hook's answer is no JSON.
    #[error("{0}")]
    HookContentType(String),
    /// The hook's answer is too long.
    #[error("Payload size exceeded size limit of {limit} bytes")]
    HookAnswerTooLong {
        /// The limit in bytes.
        limit: usize,
    },

    // Off
    /// A part that is not there or switched off.
    #[error("{message}")]
    Disabled {
        /// GoTrue's code.
        code: &'static str,
        /// GoTrue's words.
        message: &'static str,
    },

    // WeChat
    /// WeChat refused the code or the request.
    #[error("{0}")]
    WechatRefused(Cow<'static, str>),
    /// WeChat is busy or did not answer in time.
    #[error("{0}")]
    WechatUnavailable(Cow<'static, str>),
    /// The openid is another user's.
    #[error("WeChat account is already bound to another user")]
    WechatAlreadyBound,

    // What failed here
    /// The database refused; the words say at what.
    #[error("{message}")]
    Database {
        /// GoTrue's words for the step.
        message: &'static str,
        /// The cause, for the log and for errors that triggers raise on purpose.
        #[source]
        source: PgError,
    },
    /// The database refused at a step that has no words of its own.
    #[error("Unexpected failure, please check server logs for more information")]
    Unhandled(#[from] PgError),
    /// Something else failed.
    #[error("{0}")]
    Internal(Cow<'static, str>),
    /// Waited too long for a turn.
    #[error("Processing this request timed out, please retry after a moment.")]
    Timeout,
}

/// Kinds of second factors in the words of error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// Authenticator app.
    Totp,
    /// Message to a phone.
    Phone,
    /// Security key.
    WebAuthn,
}

impl std::fmt::Display for FactorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Totp => "TOTP",
            Self::Phone => "Phone",
            Self::WebAuthn => "WebAuthn",
        })
    }
}

impl AuthError {
    /// A missing or wrong parameter.
    pub(crate) fn validation(words: impl Into<Cow<'static, str>>) -> Self {
        Self::Validation(words.into())
    }

    /// `message` as GoTrue's words for the step that the database refused.
    pub(crate) fn database(message: &'static str) -> impl FnOnce(PgError) -> Self {
        move |source| Self::Database { message, source }
    }

    /// The database's own error, if that is the cause.
    pub(crate) fn postgres(&self) -> Option<&PgError> {
        match self {
            Self::Database { source, .. } | Self::Unhandled(source) => Some(source),
            _ => None,
        }
    }

    /// True while PostgreSQL is away: worth a retry.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.postgres().is_some_and(PgError::is_unavailable)
    }
}

/// The error rides in the response's extensions; [`crate::wire::render_errors`] writes it, since
/// only that layer knows which dialect the client asked for.
impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let mut response = hearth_core::ApiError::status(&self).into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
