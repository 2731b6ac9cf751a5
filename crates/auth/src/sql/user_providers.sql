with providers as (
  select provider, min(created_at) as since
  from auth.identities where user_id = $1 group by provider
  union all
  -- MemFire keeps WeChat's openid in the user, not in an identity.
  select 'wechat_mini', created_at from auth.users where id = $1 and wechat_id <> ''
),
listed as (
  select coalesce(jsonb_agg(provider order by since, provider), '[]') as names,
         (array_agg(provider order by since, provider))[1] as first
  from providers
)
update auth.users u
set raw_app_meta_data = coalesce(u.raw_app_meta_data, '{}')
      || jsonb_build_object('providers', listed.names)
      || case when listed.first is null then '{}'
              else jsonb_build_object('provider', listed.first) end,
    updated_at = $2
from listed
where u.id = $1
