-- What the benchmark has besides the chat room: a table to insert into, which is emptied after each
-- run, three that can be embedded in one another, and a function.
create table inbox (like messages including all);
alter table inbox enable row level security;
create policy inbox_insert on inbox for insert with check (true);
create policy inbox_select on inbox for select using (true);

create table people (id int primary key, name text not null);
create table rooms (id int primary key, name text not null);
create table posts (
  id int primary key,
  room_id int not null references rooms,
  author_id int not null references people,
  text text not null
);
create index on posts (room_id);
alter table people enable row level security;
alter table rooms enable row level security;
alter table posts enable row level security;
create policy people_select on people for select using (true);
create policy rooms_select on rooms for select using (true);
create policy posts_select on posts for select using (true);
insert into people select n, '东方不败' || n from generate_series(1, 100) n;
insert into rooms select n, '房间 ' || n from generate_series(1, 1000) n;
insert into posts select n, 1 + n % 1000, 1 + n % 100, '有人的地方就有恩怨，有恩怨就有江湖。 ' || n
from generate_series(1, 20000) n;

create function message_of(wanted bigint) returns setof messages language sql stable
  as 'select * from messages where id = wanted';
