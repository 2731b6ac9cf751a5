-- Keys and views of all sorts, named shortly because only their shape matters. Loaded on top of
-- schema.sql by the chapter `keys`.
create schema if not exists inner_s; create schema if not exists other; grant usage on schema inner_s, other to anon, authenticated, service_role;
-- composite one-to-one, unique not pk targets
create table a1 (x int, y int, code text unique, note text, primary key (x, y));
create table a2 (id int primary key, x int, y int, foreign key (x, y) references a1, unique (x, y));
create table a3 (id int primary key, a_code text references a1 (code));
create table a4 (x int, y int, z int, primary key (x, y, z), foreign key (x, y) references a1);
create table a5 (x int, y int, extra text, primary key (x, y), foreign key (x, y) references a1);
create table a6 (id int primary key, p int unique references a6, q int references a6);
-- m2m variants
create table m1 (id int primary key, n text); create table m2 (id int primary key, n text);
create table j1 (m1_id int references m1, m2_id int references m2, primary key (m1_id, m2_id));
create table j2 (id int, m1_id int references m1, m2_id int references m2, primary key (id, m1_id, m2_id));
create table j3 (m1_id int references m1, m2_id int references m2, unique (m1_id, m2_id));
create table j4 (m1_id int primary key references m1, m2_id int references m2);
create table selfj (l int references m1, r int references m1, primary key (l, r));
create table j5 (ax int, ay int, m int references m1, primary key (ax, ay, m), foreign key (ax, ay) references a1);
create table tri (m1_id int references m1, m2_id int references m2, a3_id int references a3, primary key (m1_id, m2_id, a3_id));
create view j1_v as select * from j1;
create view j1_half as select m1_id from j1;
create view m1_v as select id as mid, n from m1;
create view m2_v as select * from m2;
-- views of all sorts
create view v_a1 as select x, y, code from a1;
create view v_a1_part as select x, code from a1;
create view v_a2 as select id, x as xx, y as yy from a2;
create view v_both as select a2.id, a1.x, a1.y, a3.id as a3_id, a3.a_code from a2 join a1 on a1.x = a2.x and a1.y = a2.y left join a3 on a3.a_code = a1.code;
create view v_win as select id, m1_id, m2_id, row_number() over (order by id) rn from j2;
create view v_dist as select distinct m1_id from j2;
create view v_group as select m1_id, count(*) c from j2 group by m1_id;
create view v_scalar as select id, (select n from m1 where m1.id = m2.id) as sub, (select m1_id from j1 where j1.m2_id = m2.id limit 1) as m1_id from m2;
create recursive view v_rec (id, p) as select id, p from a6 where p is null union all select a6.id, a6.p from a6 join v_rec on v_rec.id = a6.p;
create view v_rec2 as with recursive r as (select id, p, q from a6 union all select a6.id, a6.p, a6.q from a6 join r on r.id = a6.p) select * from r;
create view v_cte2 as with w1 as (select id, m1_id from j2), w2 as (select * from w1) select w2.id, w2.m1_id from w2;
create view v_union2 as select id, n from m1 union select id, n from m2;
create view v_case as select id, case when true then m1_id end as m1_id from j2;
create view v_coal as select id, coalesce(m1_id, 0) as m1_id from j2;
create view v_cast as select id, m1_id::int as m1_id, m2_id::bigint as m2_id from j2;
create view v_lat as select m1.id, l.m2_id from m1, lateral (select m2_id from j2 where j2.m1_id = m1.id) l;
create view v_values as select * from (values (1, 'a')) t(id, n);
create view v_dup as select m1_id, m1_id as again, m2_id from j1;
create view v_star as select * from m1 natural join m2;
create view inner_s.hid as select * from j2;
create view v_over_hid as select id, m1_id, m2_id as em2 from inner_s.hid;
create materialized view mv as select id, m1_id, m2_id from j2;
create view v_over_mv as select * from mv;
create view v_in_from as select t.id, t.m1_id from (select s.id, s.m1_id from (select * from j2) s) t;
create view v_exists as select id, n from m1 where exists (select 1 from j1 where j1.m1_id = m1.id);
create view "v Quoted" as select id as "i d", m1_id as "M1" from j2;
create view v_filter as select id, m1_id from j2 where m1_id = any(select id from m1);
create view v_tablesample as select id, n from m1 tablesample system (100);
create view v_rowexpr as select m1 as whole, id from m1;
create view v_gen as select g as id, m1.n from generate_series(1,2) g join m1 on m1.id = g;
-- hidden tables and fks across schemas
create table inner_s.secret (id int primary key, m1_id int references public.m1);
create table refs_secret (id int primary key, secret_id int references inner_s.secret);
create view secret_v as select * from inner_s.secret;
create table other.o1 (id int primary key, m1_id int references public.m1, n text);
create table pub_to_other (id int primary key, o_id int references other.o1);
create view other.m1 as select id, n from public.m1;
create view other.o_v as select * from other.o1;
-- inheritance, partitions
create table par (id int primary key, m1_id int references m1); create table chi (extra int) inherits (par);
create table parts (id int primary key, m1_id int references m1, v text) partition by list (id);
create table parts_1 partition of parts for values in (1) partition by list (id);
create table parts_11 partition of parts_1 for values in (1);
create table parts_2 partition of parts for values in (2);
create table to_parts (id int primary key, part_id int references parts);
create table to_part2 (id int primary key, part_id int references parts_2);
-- fk names
create table f1 (id int primary key, m1 int constraint "weird name" references m1, m2 int constraint m2 references m2, "col with space" int references m1);
-- generated, identity, domain
create domain dint as int check (value > 0); create domain ddint as dint; create type mood as enum ('a','b'); create domain dmood as mood;
create table gen (id int generated always as identity primary key, a dint, b ddint default 3, c int generated always as (a * 2) stored, d mood default 'a', e dmood, f varchar(5), g char(3), h numeric(5,2), i bit(3), j mood[], k dint[], l text collate "C", m timestamptz(2), n interval second);
-- many fk to one
create table hub (id int primary key); create table spokes (id int primary key, h1 int references hub, h2 int references hub, h3 int unique references hub);
-- same named fks in 2 tables
create table s1 (id int primary key, hub_id int constraint same_fk references hub); create table s2 (id int primary key, hub_id int constraint same_fk references hub);
-- computed
create function near(m1) returns setof m2 stable language sql as $$ select * from m2 where id = $1.id $$;
create function near(m2) returns setof m1 stable rows 1 language sql as $$ select * from m1 where id = $1.id $$;
create function plain_comp(m1) returns m2 stable language sql as $$ select * from m2 where id = $1.id $$;
create function self_comp(m1) returns setof m1 stable rows 1 language sql as $$ select * from m1 where id = $1.id $$;
create function m2(m1) returns setof m2 stable language sql as $$ select * from m2 $$;
create function two_args(m1, int) returns setof m2 stable language sql as $$ select * from m2 $$;
create function of_view(m1_v) returns setof m2_v stable language sql as $$ select * from m2_v $$;
create function vol_comp(m1) returns text language sql as $$ select 'v' $$;
create function arr_comp(m1) returns text[] stable language sql as $$ select array[$1.n, 'z'] $$;
create function inner_s.hidden_comp(m1) returns text stable language sql as $$ select 'h' $$;
insert into m1 values (1,'one'),(2,'two'),(3,null); insert into m2 values (1,'eins'),(2,'zwei');
insert into a1 values (1,1,'c1','n1'),(1,2,'c2',null),(2,1,null,'n3'); insert into a2 values (1,1,1),(2,1,2),(3,null,1);
insert into a3 values (1,'c1'),(2,'c1'),(3,null); insert into a4 values (1,1,1),(1,1,2); insert into a5 values (1,1,'e'); insert into a6 values (1,null,null),(2,1,1),(3,2,1);
insert into j1 values (1,1),(1,2),(2,1); insert into j2 values (1,1,1),(2,2,2); insert into j3 values (1,2); insert into j4 values (1,2); insert into selfj values (1,2),(2,3); insert into j5 values (1,1,1),(1,2,1); insert into tri values (1,1,1);
insert into inner_s.secret values (1,1); insert into refs_secret values (1,1); insert into other.o1 values (1,1,'o'); insert into pub_to_other values (1,1);
insert into par values (1,1); insert into chi values (2,2,5); insert into parts values (1,1,'p'),(2,2,'q'); insert into to_parts values (1,1),(2,2); insert into to_part2 values (1,2);
insert into f1 values (1,1,1,2); insert into gen (a,e,f) values (2,'b','ff'); insert into hub values (1),(2); insert into spokes values (1,1,2,1),(2,2,2,2); insert into s1 values (1,1); insert into s2 values (1,2);
refresh materialized view mv;
grant all on all tables in schema public, inner_s, other to anon, authenticated, service_role;
