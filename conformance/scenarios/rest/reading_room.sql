-- A library: every kind of relationship, names that need quotes, views, computed columns. Loaded on top
-- of schema.sql by the chapters that name it.
create schema if not exists attic;
grant usage on schema attic to anon, authenticated, service_role;
alter default privileges in schema attic grant all on tables to anon, authenticated, service_role;
-- simple chain
create table publishers (id int primary key, name text not null, founded date, city text, rating numeric(3,1));
create table books (
  id int primary key, title text not null, publisher_id int references publishers, pages int, price numeric(8,2),
  tags text[] default '{}', info jsonb, extra json, published timestamptz, in_print boolean, weight float8, words tsvector, span int4range, kind text,
  unique (title, publisher_id));
create table authors (id int primary key, name text not null, born date, agent_id int references authors);
create table book_authors (book_id int references books, author_id int references authors, role text default 'writer', primary key (book_id, author_id));
-- second junction between the same tables
create table book_translators (book_id int references books, author_id int references authors, language text, primary key (book_id, author_id, language));
-- junction without PK over the FKs: no m2m
create table sightings (id int primary key, book_id int references books, author_id int references authors);
-- one to one
create table covers (book_id int primary key references books, colour text);
create table isbns (id int primary key, book_id int unique references books, code text);
-- ambiguous fks
create table stations (id int primary key, name text);
create table trips (id int primary key, origin_id int constraint trips_origin references stations, target_id int constraint trips_target references stations, minutes int);
-- composite
create table branches (city text, no int, name text, boss_id int, primary key (city, no));
create table staff (id int primary key, name text, branch_city text, branch_no int, salary int, foreign key (branch_city, branch_no) references branches (city, no));
alter table branches add constraint branches_boss foreign key (boss_id) references staff (id);
-- self m2m
create table friends (a int references staff, b int references staff, since int, primary key (a, b));
-- tree
create table nodes (id int primary key, parent_id int references nodes, label text);
-- partitioned
create table events (id int, day date, node_id int references nodes, what text, primary key (id, day)) partition by range (day);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create table events_2021 partition of events for values from ('2021-01-01') to ('2022-01-01');
create table event_notes (id int primary key, event_id int, event_day date, note text, foreign key (event_id, event_day) references events (id, day));
-- no pk
create table heap (a int, b text);
-- reserved names
create table reserved ("select" int primary key, "order" text, "limit" int, "and" text, "or" text, "offset" int, "columns" text, "not" text);
create table "Größe & Co" ("Straße" text primary key, "a.b" int, "x(y)" int, "c,d" int, "e:f" int, "back\slash" int, "quo""te" int, "per%cent" int, "plus+" int, "dash-ed" int, "sp ace" int, "$dollar" int);
-- views
create view book_list as select id, title, publisher_id from books;
create view book_renamed as select id as book, title as heading, publisher_id as house from books;
create view book_nested as select book, house from book_renamed;
create view book_join as select b.id, b.title, p.name as publisher, p.id as pub_id from books b join publishers p on p.id = b.publisher_id;
create view book_cte as with c as (select id, title, publisher_id from books) select * from c;
create view book_union as select id, title, publisher_id from books where pages > 100 union all select id, title, publisher_id from books where pages <= 100;
create view book_expr as select id + 0 as id, title, publisher_id from books;
create view book_twice as select id, title, publisher_id, publisher_id as publisher_again from books;
create view book_sub as select * from (select id, publisher_id, title from books) s;
create materialized view book_mat as select id, title, publisher_id from books;
create view author_list as select id, name, agent_id from authors;
create view ba_view as select book_id, author_id from book_authors;
create view staff_view as select id, name, branch_city, branch_no from staff;
create view staff_half as select id, name, branch_city from staff;
create view branch_view as select city, no, name from branches;
create view attic.hidden_books as select id, title, publisher_id from public.books;
create view cover_view as select book_id, colour from covers;
create view attic_books as select * from attic.hidden_books;
create table attic.boxes (id int primary key, book_id int references public.books, label text);
create view boxes_view as select id, book_id, label from attic.boxes;
-- insertable through attic junction
create table attic.secret_junction (book_id int references public.books, station_id int references public.stations, primary key (book_id, station_id));
-- computed columns
create function long_title(books) returns text stable language sql as $$ select $1.title || ' (' || coalesce($1.pages::text, '?') || ')' $$;
create function is_thick(books) returns boolean stable language sql as $$ select $1.pages > 200 $$;
create function as_json(books) returns jsonb stable language sql as $$ select jsonb_build_object('t', $1.title, 'n', jsonb_build_object('p', $1.pages)) $$;
create function shared_col(books) returns text stable language sql as $$ select 'b' $$;
create function shared_col(authors) returns text stable language sql as $$ select 'a' $$;
-- computed relationships
create function sequels(books) returns setof books stable language sql as $$ select * from books where id > $1.id and publisher_id = $1.publisher_id $$;
create function main_author(books) returns setof authors rows 1 stable language sql as $$ select a.* from authors a join book_authors ba on ba.author_id = a.id where ba.book_id = $1.id order by a.id limit 1 $$;
create function publisher(books) returns setof publishers rows 1 stable language sql as $$ select * from publishers where id = $1.publisher_id $$;
create function relatives(books) returns setof books stable language sql as $$ select * from books where id <> $1.id $$;
create function relatives(authors) returns setof authors stable language sql as $$ select * from authors where id <> $1.id $$;
create function recipients(stations) returns setof trips stable language sql as $$ select * from trips where target_id = $1.id $$;
-- functions returning tables
create function thick_books(min int default 200) returns setof books stable language sql as $$ select * from books where pages >= min $$;
create function one_book(bid int) returns books stable language sql as $$ select * from books where id = bid $$;
create function one_book_set(bid int) returns setof books rows 1 stable language sql as $$ select * from books where id = bid $$;
create function loose() returns table (id int, title text) stable language sql as $$ select id, title from books $$;
create function rec_out(out a int, out b text) stable language sql as $$ select 1, 'x' $$;
create function nothing() returns void language sql as $$ select $$;
create function scalar_text() returns text stable language sql as $$ select 'plain'::text $$;
create function scalar_null() returns text stable language sql as $$ select null::text $$;
create function set_ints(n int default 3) returns setof int stable language sql as $$ select generate_series(1, n) $$;
create function arr_ints() returns int[] stable language sql as $$ select array[1,2,3] $$;
create function js() returns json stable language sql as $$ select '{"a": [1,2]}'::json $$;
create function null_book() returns books stable language sql as $$ select * from books where false $$;
-- domain representations
create domain cents as int;
create domain colour as int;
create function colour(text) returns colour immutable language sql as $$ select ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::int::colour $$;
create function colour(json) returns colour immutable language sql as $$ select colour($1 #>> '{}') $$;
create function to_json(colour) returns json immutable language sql as $$ select to_json('#' || lpad(to_hex($1::int), 6, '0')) $$;
create cast (text as colour) with function colour(text) as implicit;
create cast (json as colour) with function colour(json) as implicit;
create cast (colour as json) with function to_json(colour) as implicit;
create table paints (id int primary key, name text, shade colour, cost cents, book_id int references books);
create view paint_view as select id, name, shade, book_id from paints;
-- data
insert into publishers values (1,'North','1900-01-02','Oslo',4.5),(2,'South','1950-06-07','Rome',3.0),(3,'West',null,null,null);
insert into books values
 (1,'Alpha',1,100,9.99,'{old,red}','{"a":1,"b":{"c":[10,20,{"d":"deep"}]},"k-k":"dash","1":"one","name":"n"}','{"z":1}','2020-01-01T00:00:00Z',true,1.5,'quick brown fox','[1,10)','novel'),
 (2,'Beta',1,250,19.5,'{new}','{"a":2,"b":null}','{"z":null}','2021-06-01T12:00:00Z',false,2.25,'lazy dog','[5,8)','novel'),
 (3,'Gamma, or "not"',2,300,5,'{}','[1,2,3]',null,null,null,null,null,null,'essay'),
 (4,'Delta (x)',2,null,null,null,'"str"','[1]','1999-12-31T23:59:59Z',true,0,'fox jumps','empty','essay'),
 (5,'Épsilon_%*',null,50,1.01,'{a,"b c","d,e"}','{"a":null}','"s"','2022-02-02T02:02:02Z',true,3,'cat','[100,)',null);
insert into authors values (1,'Ann','1960-01-01',null),(2,'Bob','1970-02-02',1),(3,'Cid',null,1),(4,'Dee','1980-03-03',2);
insert into book_authors values (1,1,'writer'),(1,2,'editor'),(2,2,'writer'),(3,3,null),(4,1,'writer');
insert into book_translators values (1,3,'de'),(1,3,'fr'),(2,4,'it');
insert into sightings values (1,1,1),(2,2,3);
insert into covers values (1,'red'),(3,'blue');
insert into isbns values (1,1,'i-1'),(2,2,'i-2'),(3,null,'i-x');
insert into stations values (1,'A'),(2,'B'),(3,'C');
insert into trips values (1,1,2,10),(2,2,3,20),(3,3,1,30),(4,1,null,5);
insert into branches values ('Oslo',1,'O1',null),('Oslo',2,'O2',null),('Rome',1,'R1',null);
insert into staff values (1,'Sam','Oslo',1,10),(2,'Tom','Oslo',1,20),(3,'Uma','Rome',1,30),(4,'Vic',null,null,40);
update branches set boss_id = 1 where city='Oslo' and no=1; update branches set boss_id = 3 where city='Rome';
insert into friends values (1,2,5),(2,3,6),(1,3,7);
insert into nodes values (1,null,'root'),(2,1,'left'),(3,1,'right'),(4,2,'leaf');
insert into events values (1,'2020-02-02',1,'a'),(2,'2021-03-03',2,'b'),(3,'2021-04-04',null,'c');
insert into event_notes values (1,1,'2020-02-02','n1'),(2,2,'2021-03-03','n2');
insert into heap values (1,'x'),(1,'x'),(2,null);
insert into reserved values (1,'o',2,'a','r',3,'c','n'),(2,null,null,null,null,null,null,null);
insert into "Größe & Co" values ('Süd',1,2,3,4,5,6,7,8,9,10,11);
insert into attic.boxes values (1,1,'bx'),(2,2,'by');
insert into attic.secret_junction values (1,1),(2,1);
insert into paints values (1,'Red',x'ff0000'::int::colour,5,1),(2,'Green',x'00ff00'::int::colour,7,2),(3,'None',null,null,null);
refresh materialized view book_mat;
grant all on all tables in schema public, attic to anon, authenticated, service_role;
