-- Users of WeChat mini programs, as MemFire Cloud keeps them: the openid and the unionid stand in
-- the user itself, not in an identity.

set local role supabase_auth_admin;

alter table auth.users
  add column wechat_id text,
  add column wechat_unionid text;

create unique index users_wechat_id_key on auth.users (wechat_id) where wechat_id <> '';
create index users_wechat_unionid_idx on auth.users (wechat_unionid) where wechat_unionid <> '';

reset role;
