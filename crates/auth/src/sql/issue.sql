-- A session with its first refresh token, the method it was signed in by, and the log entry: one
-- statement, so that a sign-in costs one round trip.
with session as (
  insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
  values ($1::uuid, $2::uuid, $3::timestamptz, $3::timestamptz, 'aal1', $4, $5)
),
token as (
  insert into auth.refresh_tokens
    (instance_id, token, user_id, revoked, created_at, updated_at, session_id)
  values (
    '00000000-0000-0000-0000-000000000000', $6, $2::uuid::text, false, $3::timestamptz,
    $3::timestamptz, $1::uuid
  )
),
claim as (
  insert into auth.mfa_amr_claims
    (id, session_id, created_at, updated_at, authentication_method)
  values (gen_random_uuid(), $1::uuid, $3::timestamptz, $3::timestamptz, $7)
),
log as (
  insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
  select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), $8::json, $3::timestamptz, ''
  where $8::json is not null
)
update auth.users
set last_sign_in_at = $3::timestamptz, updated_at = $3::timestamptz
where id = $2::uuid
