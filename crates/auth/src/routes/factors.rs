//! `/factors`: second factors by authenticator app (TOTP). Factors by phone or security key are
//! refused as switched off.

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use rand::RngCore;
use serde_json::json;
use std::net::IpAddr;
use totp_rs::{Algorithm, Secret, TOTP};
use url::Url;
use uuid::Uuid;

use crate::audit::{self, Action, Actor};
use crate::body::{Body, Params};
use crate::call::{Call, Caller};
use crate::database::{Db, Tx};
use crate::error::{AuthError, FactorKind};
use crate::factor::Factor;
use crate::hooks;
use crate::issue;
use crate::limits::Endpoint;
use crate::mail;
use crate::redirect;
use crate::refresh_token::RefreshToken;
use crate::session::Session;
use crate::wire::ok;

/// How long a challenge may be answered.
const CHALLENGE_LIFETIME: TimeDelta = TimeDelta::seconds(300);
/// How long a factor may stay without its first right code.
const UNVERIFIED_LIFETIME: TimeDelta = TimeDelta::seconds(300);
const SECRET_BYTES: usize = 20;
/// What a URI's parts must not hold as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The caller with the session that the factor is for.
async fn caller(call: &Call) -> Result<(Caller, Session), AuthError> {
    let mut caller = call.user().await?;
    if caller.claims.get("is_anonymous") == Some(&serde_json::Value::Bool(true)) {
        return Err(AuthError::AnonymousNotAllowed);
    }
    let words = "A valid session and a registered user are required to enroll a factor";
    let session = caller
        .session
        .take()
        .ok_or(AuthError::Internal(words.into()))?;
    Ok((caller, session))
}

fn own_factor<'c>(caller: &'c Caller, id: &str) -> Result<&'c Factor, AuthError> {
    let id: Uuid = id
        .parse()
        .map_err(|_| AuthError::PathNotUuid("factor_id"))?;
    let factor = caller.user.factors.iter().find(|factor| factor.id == id);
    factor.ok_or(AuthError::FactorNotFound)
}

/// `POST /factors`: a new factor, good once its first code was right.
pub(super) async fn enroll(call: Call, Body(body): Body) -> Result<Response, AuthError> {
    let (caller, session) = caller(&call).await?;
    let params = Params::parse(&body, "EnrollFactorParams")?;
    let name = params.text("friendly_name")?;
    let settings = call.settings();
    match params.text("factor_type")?.as_str() {
        "totp" if settings.auth.mfa_totp_enroll_enabled => {}
        "totp" => return Err(AuthError::FactorEnrollDisabled(FactorKind::Totp)),
        "phone" => return Err(AuthError::FactorEnrollDisabled(FactorKind::Phone)),
        "webauthn" => return Err(AuthError::FactorEnrollDisabled(FactorKind::WebAuthn)),
        _ => {
            return Err(AuthError::validation(
                "factor_type needs to be totp, phone, or webauthn",
            ));
        }
    }
    let issuer = match params.text("issuer")? {
        issuer if issuer.is_empty() => site_host(&call)?,
        issuer => issuer,
    };
    let user = &caller.user;
    let tx = Tx::begin(call.app()).await?;
    let sql = "delete from auth.mfa_factors f
               where user_id = $1 and status <> 'verified' and created_at < $2
                 and not exists (select from auth.mfa_challenges c where c.factor_id = f.id)";
    tx.execute(sql, &[&user.id, &(call.now() - UNVERIFIED_LIFETIME)])
        .await?;
    let user = user.reload(&tx).await?;
    if user
        .factors
        .iter()
        .any(|f| f.friendly_name.as_deref().unwrap_or_default() == name)
    {
        return Err(AuthError::FactorNameConflict(name));
    }
    if user.factors.len() >= settings.auth.mfa_max_enrolled_factors {
        return Err(AuthError::TooManyFactors(
            "Maximum number of verified factors reached, unenroll to continue",
        ));
    }
    if user.has_mfa() && !session.is_aal2() {
        return Err(AuthError::EnrollNeedsAal2);
    }
    let mut secret = vec![0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    let Secret::Encoded(encoded) = Secret::Raw(secret).to_encoded() else {
        return Err(AuthError::Internal("Error generating TOTP secret".into()));
    };
    let uri = uri(&issuer, &user.email, &encoded);
    let code = QrCode::with_error_correction_level(&uri, EcLevel::H)
        .map_err(|_| AuthError::Internal("Error generating QR Code".into()))?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build();
    let id = Uuid::new_v4();
    tx.execute(
        "insert into auth.mfa_factors
           (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret)
         values ($1, $2, $3, 'totp', 'unverified', $4, $4, $5)",
        &[&id, &user.id, &name, &call.now(), &encoded],
    )
    .await?;
    let traits = Some(json!({"factor_id": id}));
    let actor = Actor::from(&user);
    audit::record(&tx, call.now(), &actor, Action::FactorInProgress, traits).await?;
    tx.commit().await?;
    Ok(ok(&json!({
        "id": id,
        "type": "totp",
        "friendly_name": name,
        "totp": {"qr_code": picture, "secret": encoded, "uri": uri},
    })))
}

fn site_host(call: &Call) -> Result<String, AuthError> {
    let url = Url::parse(&redirect::site_url(call));
    let host = url.ok().and_then(|url| {
        let host = url.host_str()?;
        Some(
            url.port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        )
    });
    host.ok_or(AuthError::Internal(
        "site url is improperly formatted".into(),
    ))
}

fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let encode = |text| utf8_percent_encode(text, RESERVED).to_string();
    let (issuer, account) = (encode(issuer), encode(account));
    format!(
        "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits=6&issuer={issuer}&period=30\
         &secret={secret}"
    )
}

/// `POST /factors/{id}/challenge`
pub(super) async fn challenge(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    call.limit(Endpoint::FactorChallenge)?;
    let (caller, _) = caller(&call).await?;
    let factor = own_factor(&caller, &id)?;
    verifiable(&call, factor)?;
    let (challenge, now) = (Uuid::new_v4(), call.now());
    let tx = Tx::begin(call.app()).await?;
    let sql = "insert into auth.mfa_challenges (id, factor_id, created_at, ip_address)
               values ($1, $2, $3, $4)";
    tx.execute(sql, &[&challenge, &factor.id, &now, &call.context.peer])
        .await?;
    let sql = "update auth.mfa_factors set last_challenged_at = $2 where id = $1";
    // Unique over all factors in upstream's schema: two challenges at once must not collide.
    let at = now + TimeDelta::microseconds(i64::from(rand::rng().next_u32() % 1_000_000));
    tx.execute(sql, &[&factor.id, &at]).await?;
    let traits = Some(json!({"factor_id": factor.id, "factor_status": factor.status}));
    let actor = Actor::from(&caller.user);
    audit::record(&tx, now, &actor, Action::ChallengeCreated, traits).await?;
    tx.commit().await?;
    let expires_at = (now + CHALLENGE_LIFETIME).timestamp();
    Ok(ok(
        &json!({"id": challenge, "type": factor.factor_type, "expires_at": expires_at}),
    ))
}

fn verifiable(call: &Call, factor: &Factor) -> Result<(), AuthError> {
    match factor.factor_type.as_str() {
        "totp" if call.settings().auth.mfa_totp_verify_enabled => Ok(()),
        "totp" => Err(AuthError::FactorVerifyDisabled(FactorKind::Totp)),
        "phone" => Err(AuthError::FactorVerifyDisabled(FactorKind::Phone)),
        _ => Err(AuthError::FactorVerifyDisabled(FactorKind::WebAuthn)),
    }
}

/// `POST /factors/{id}/verify`: a right code lifts the session to the second level.
pub(super) async fn verify(
    call: Call,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, AuthError> {
    call.limit(Endpoint::FactorVerify)?;
    let (caller, session) = caller(&call).await?;
    let factor = own_factor(&caller, &id)?;
    let params = Params::parse(&body, "VerifyFactorParams")?;
    let code = params.text("code")?;
    if code.is_empty() {
        return Err(AuthError::validation("Code needs to be non-empty"));
    }
    verifiable(&call, factor)?;
    let challenge: Uuid = params.text("challenge_id")?.parse().unwrap_or_default();
    let attempts = call.auth.attempts();
    attempts.check(&call, &id)?;
    let tx = Tx::begin(call.app()).await?;
    let expired = check_challenge(&call, &tx, factor, challenge).await?;
    if expired {
        let sql = "delete from auth.mfa_challenges where id = $1";
        tx.execute(sql, &[&challenge]).await?;
        tx.commit().await?;
        return Err(AuthError::ChallengeExpired(challenge));
    }
    let right = is_right(&call, &tx, factor, &code).await?;
    // The hook may need a connection, and what it writes stays whatever comes of the code.
    drop(tx);
    let (user, kind) = (&caller.user, &factor.factor_type);
    hooks::mfa_verification(&call, user, factor.id, kind, right).await?;
    if !right {
        attempts.failed(&call, &id);
        return Err(AuthError::FactorVerificationFailed);
    }
    let now = call.now();
    let tx = Tx::begin(call.app()).await?;
    check_challenge(&call, &tx, factor, challenge).await?;
    let traits = Some(json!({
        "factor_id": factor.id, "challenge_id": challenge, "factor_type": factor.factor_type,
    }));
    let actor = Actor::from(&caller.user);
    audit::record(&tx, now, &actor, Action::VerificationAttempted, traits).await?;
    let sql = "update auth.mfa_challenges set verified_at = $2 where id = $1";
    tx.execute(sql, &[&challenge, &now]).await?;
    let sql = "update auth.mfa_factors set status = 'verified', updated_at = $2 where id = $1";
    tx.execute(sql, &[&factor.id, &now]).await?;
    lift(&call, &tx, &session, factor).await?;
    let session = Session::by_id(&tx, session.id)
        .await?
        .ok_or(AuthError::SessionOfTokenGone)?;
    // Other sessions never showed the factor.
    let sql = "delete from auth.sessions where user_id = $1 and aal < 'aal2'";
    tx.execute(sql, &[&caller.user.id]).await?;
    let sql = "delete from auth.mfa_factors
               where user_id = $1 and status = 'unverified' and factor_type = 'totp'";
    tx.execute(sql, &[&caller.user.id]).await?;
    let token = RefreshToken::active(&tx, session.id).await?;
    let (token, _) = token.ok_or(AuthError::RefreshTokenNotFound)?;
    let token = RefreshToken::find(&tx, &token)
        .await?
        .ok_or(AuthError::RefreshTokenNotFound)?;
    let new = token.swap(&tx, now).await?;
    let user = caller.user.reload(&tx).await?;
    let tokens = issue::sign(&tx, &call, &user, &session, new, "totp").await?;
    tx.commit().await?;
    if !factor.is_verified() {
        mail::factor_changed(&call, &user, &factor.factor_type, true);
    }
    Ok(ok(&tokens.to_json(&user)))
}

/// True if the challenge came too late.
async fn check_challenge(
    call: &Call,
    db: &Db,
    factor: &Factor,
    challenge: Uuid,
) -> Result<bool, AuthError> {
    let sql = "select created_at, verified_at, ip_address from auth.mfa_challenges
               where id = $1 and factor_id = $2 for update";
    let failed = || AuthError::database("Database error finding Challenge");
    let row = db
        .first(sql, &[&challenge, &factor.id])
        .await
        .map_err(failed())?;
    let row = row.ok_or(AuthError::ChallengeNotFound)?;
    let read = |error: tokio_postgres::Error| failed()(error.into());
    let verified_at: Option<DateTime<Utc>> = row.try_get("verified_at").map_err(read)?;
    let address: IpAddr = row.try_get("ip_address").map_err(read)?;
    if verified_at.is_some() || address != call.context.peer {
        return Err(AuthError::ChallengeAddressMismatch);
    }
    let created_at: DateTime<Utc> = row.try_get("created_at").map_err(read)?;
    Ok(call.now() > created_at + CHALLENGE_LIFETIME)
}

async fn is_right(call: &Call, db: &Db, factor: &Factor, code: &str) -> Result<bool, AuthError> {
    let failed = || AuthError::Internal("Database error verifying MFA TOTP secret".into());
    let sql = "select coalesce(secret, '') from auth.mfa_factors where id = $1";
    let row = db
        .first(sql, &[&factor.id])
        .await?
        .ok_or(AuthError::FactorNotFound)?;
    let secret: String = row.try_get(0).map_err(hearth_pg::PgError::from)?;
    let secret = Secret::Encoded(secret).to_bytes().map_err(|_| failed())?;
    let totp = TOTP::new(Algorithm::SHA1, 6, 1, 30, secret).map_err(|_| failed())?;
    Ok(totp.check(code, u64::try_from(call.now().timestamp()).unwrap_or(0)))
}

async fn lift(call: &Call, db: &Db, session: &Session, factor: &Factor) -> Result<(), AuthError> {
    let now = call.now();
    let sql = "insert into auth.mfa_amr_claims
                 (id, session_id, created_at, updated_at, authentication_method)
               values ($1, $2, $3, $3, 'totp')
               on conflict on constraint mfa_amr_claims_session_id_authentication_method_pkey
               do update set updated_at = excluded.updated_at";
    db.execute(sql, &[&Uuid::new_v4(), &session.id, &now])
        .await?;
    let sql = "update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = $3
               where id = $1";
    db.execute(sql, &[&session.id, &factor.id, &now]).await?;
    Ok(())
}

/// `DELETE /factors/{id}`
pub(super) async fn unenroll(call: Call, Path(id): Path<String>) -> Result<Response, AuthError> {
    let (caller, session) = caller(&call).await?;
    let factor = own_factor(&caller, &id)?;
    if factor.is_verified() && !session.is_aal2() {
        return Err(AuthError::UnenrollNeedsAal2);
    }
    let tx = Tx::begin(call.app()).await?;
    tx.execute("delete from auth.mfa_factors where id = $1", &[&factor.id])
        .await?;
    let traits = Some(json!({
        "factor_id": factor.id, "factor_status": factor.status, "session_id": session.id,
    }));
    let actor = Actor::from(&caller.user);
    audit::record(&tx, call.now(), &actor, Action::FactorUnenrolled, traits).await?;
    let sql = "update auth.sessions set aal = 'aal1', factor_id = null
               where user_id = $1 and factor_id = $2";
    tx.execute(sql, &[&caller.user.id, &factor.id]).await?;
    tx.commit().await?;
    if factor.is_verified() {
        mail::factor_changed(&call, &caller.user, &factor.factor_type, false);
    }
    Ok(ok(&json!({"id": factor.id})))
}
