select
  s.id as session_id, s.created_at as session_created_at, s.not_after, s.refreshed_at,
  coalesce(s.aal::text, 'aal1') as aal,
  coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'method', c.authentication_method,
        'timestamp', floor(extract(epoch from c.updated_at))::bigint
      )
      order by c.updated_at desc
    )
    from auth.mfa_amr_claims c where c.session_id = s.id
  ), '[]') as amr
from auth.sessions s
where s.id = $1
