insert into auth.users (
  instance_id, id, aud, role, email, phone, encrypted_password, raw_app_meta_data,
  raw_user_meta_data, is_anonymous, is_sso_user, created_at, updated_at, wechat_id, wechat_unionid,
  confirmation_token, recovery_token, email_change_token_new, email_change_token_current,
  email_change, phone_change, phone_change_token, reauthentication_token,
  email_change_confirm_status
) values (
  '00000000-0000-0000-0000-000000000000', $1, $2, $3, $4, $5, $6, $7,
  $8, $9, false, $10, $10, $11, $12,
  '', '', '', '', '', '', '', '', 0
)
