-- Publications; `tables` is null where all tables are in.
select
    p.oid::int8 as id,
    p.pubname as name,
    pg_get_userbyid(p.pubowner) as owner,
    p.pubinsert as publish_insert,
    p.pubupdate as publish_update,
    p.pubdelete as publish_delete,
    p.pubtruncate as publish_truncate,
    case
        when not p.puballtables then coalesce(
            (
                select json_agg(
                    json_build_object('id', c.oid::int8, 'name', c.relname, 'schema', n.nspname)
                    order by n.nspname, c.relname
                )
                from pg_publication_rel r
                join pg_class c on c.oid = r.prrelid
                join pg_namespace n on n.oid = c.relnamespace
                where r.prpubid = p.oid
            ),
            '[]'
        )
    end as tables
from pg_publication p
