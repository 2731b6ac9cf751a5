"""supabase-py's client of PostgREST, unmodified from PyPI, against `hearth rest`."""

import pytest
from postgrest import SyncPostgrestClient
from postgrest.exceptions import APIError

from servers import Servers

SQL = """
create table public.films (id bigint generated always as identity primary key, title text, year int);
create table public.roles (
  id bigint generated always as identity primary key,
  film_id bigint references public.films, name text);
alter table public.films enable row level security;
alter table public.roles enable row level security;
create policy all_films on public.films using (true) with check (true);
create policy all_roles on public.roles using (true) with check (true);
grant select, insert, update, delete on public.films, public.roles to anon, authenticated, service_role;
create function public.doubled(n int) returns int language sql immutable as $$ select n * 2 $$;
notify pgrst;
"""


@pytest.fixture(scope="module")
def servers():
    running = Servers(SQL)
    yield running
    running.stop()


@pytest.fixture
def client(servers):
    with SyncPostgrestClient(servers.url) as client:
        yield client


def test_rows_come_and_go(client):
    made = client.from_("films").insert([{"title": "Alien", "year": 1979}, {"title": "霸王别姬", "year": 1993}])
    ids = [row["id"] for row in made.execute().data]
    client.from_("roles").insert({"film_id": ids[0], "name": "Ripley"}).execute()
    found = client.from_("films").select("title, roles(name)").eq("id", ids[0]).single().execute()
    assert found.data == {"title": "Alien", "roles": [{"name": "Ripley"}]}
    counted = client.from_("films").select("*", count="exact").gte("year", 1990).execute()
    assert counted.count == 1
    changed = client.from_("films").update({"year": 1994}).eq("id", ids[1]).execute()
    assert changed.data[0]["year"] == 1994
    client.from_("roles").delete().eq("film_id", ids[0]).execute()
    assert len(client.from_("films").delete().in_("id", ids).execute().data) == 2


def test_functions_are_called(client):
    assert client.rpc("doubled", {"n": 21}).execute().data == 42


def test_refusals_have_postgrests_codes(client, servers):
    with pytest.raises(APIError) as missing:
        client.from_("nothing").select("*").execute()
    assert missing.value.code == "PGRST205"
    with SyncPostgrestClient(servers.url, headers={"Authorization": "Bearer a.b.c"}) as forged:
        with pytest.raises(APIError) as refused:
            forged.from_("films").select("*").execute()
    assert refused.value.code == "PGRST301"


def test_tokens_decide_the_role(servers):
    headers = {"Authorization": f"Bearer {servers.status['SERVICE_ROLE_KEY']}"}
    with SyncPostgrestClient(servers.url, headers=headers) as service:
        assert service.from_("films").select("*").execute().data == []
