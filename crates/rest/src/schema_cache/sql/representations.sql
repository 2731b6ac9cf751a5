-- Implicit casts by function between domains and json or text: how values of a domain are shown
-- and read.
select coalesce(json_agg(json_build_array(
  c.castsource::regtype::text, c.casttarget::regtype::text, c.castfunc::regproc::text)), '[]')::text
from pg_cast c
join pg_type s on s.oid = c.castsource
join pg_type t on t.oid = c.casttarget
where c.castcontext = 'i' and c.castmethod = 'f'
  and has_function_privilege(c.castfunc, 'execute')
  and ((s.typtype = 'd' and c.casttarget in ('json'::regtype, 'text'::regtype))
    or (t.typtype = 'd' and c.castsource in ('json'::regtype, 'text'::regtype)))
