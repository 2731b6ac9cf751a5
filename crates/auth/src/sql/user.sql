select
  u.id, coalesce(u.aud, '') as aud, coalesce(u.role, '') as role, coalesce(u.email, '') as email,
  coalesce(u.encrypted_password, '') as encrypted_password, u.email_confirmed_at, u.invited_at,
  coalesce(u.confirmation_token, '') as confirmation_token, u.confirmation_sent_at,
  coalesce(u.recovery_token, '') as recovery_token, u.recovery_sent_at,
  coalesce(u.email_change_token_new, '') as email_change_token_new,
  coalesce(u.email_change_token_current, '') as email_change_token_current,
  coalesce(u.email_change, '') as email_change, u.email_change_sent_at,
  coalesce(u.email_change_confirm_status, 0::smallint) as email_change_confirm_status,
  u.last_sign_in_at, coalesce(u.raw_app_meta_data, '{}') as app_metadata,
  coalesce(u.raw_user_meta_data, '{}') as user_metadata, u.created_at, u.updated_at,
  coalesce(u.phone, '') as phone, u.phone_confirmed_at,
  coalesce(u.phone_change, '') as phone_change,
  coalesce(u.phone_change_token, '') as phone_change_token, u.phone_change_sent_at,
  u.confirmed_at, u.banned_until, coalesce(u.reauthentication_token, '') as reauthentication_token,
  u.reauthentication_sent_at, u.is_sso_user, u.deleted_at, u.is_anonymous,
  coalesce(u.wechat_id, '') as wechat_id, coalesce(u.wechat_unionid, '') as wechat_unionid,
  coalesce((
    select jsonb_agg(to_jsonb(i) order by i.created_at, i.id)
    from auth.identities i where i.user_id = u.id
  ), '[]') as identities,
  coalesce((
    select jsonb_agg(to_jsonb(f) - 'secret' - 'web_authn_credential' order by f.created_at, f.id)
    from auth.mfa_factors f where f.user_id = u.id
  ), '[]') as factors
from auth.users u
