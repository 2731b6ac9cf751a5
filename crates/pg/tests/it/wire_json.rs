//! Rows written as JSON here are, byte for byte, what `json_agg` makes of them in PostgreSQL.

use std::sync::Arc;

use futures_util::TryStreamExt;
use hearth_pg::scope::Access;
use hearth_pg::wire::{UserType, UserTypes};
use hearth_pg::{Collected, Footprint, JsonShape, PgError, WireClient};
use hearth_testkit::TestApp;

use crate::wire::{ANON, anon, app, work};

async fn string(json: Collected) -> String {
    let pieces: Vec<bytes::Bytes> = json.stream().try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

/// Both ways, in one session.
async fn both(client: &mut WireClient, select: &str) -> (Option<String>, String) {
    let read = work(Access::ReadOnly, anon(ANON), select);
    let rows = client.json(&read, JsonShape::Array, None).await.unwrap();
    let here = match rows {
        Some(rows) => Some(string(rows.json).await),
        None => None,
    };
    let whole = format!("select coalesce(json_agg(r), '[]')::text from ({select}) r");
    let there = client
        .transaction(&work(Access::ReadOnly, anon(ANON), &whole))
        .await
        .unwrap();
    (here, there[0].try_get::<String>(0).unwrap())
}

async fn connected(sql: &str) -> (TestApp, WireClient) {
    let (app, config) = app(sql).await;
    let client = WireClient::connect(&config).await.unwrap();
    (app, client)
}

/// Values of every kind of type, as PostgreSQL reads them.
const VALUES: &[(&str, &[&str])] = &[
    ("boolean", &["t", "f"]),
    ("smallint", &["-32768", "0", "32767"]),
    ("integer", &["-2147483648", "7"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    (
        "numeric",
        &[
            "0",
            "-0.10",
            "1e-30",
            "NaN",
            "Infinity",
            "-Infinity",
            "12345678901234567890.123456789",
        ],
    ),
    (
        "real",
        &[
            "1.5",
            "1e-20",
            "3.4e38",
            "NaN",
            "Infinity",
            "-Infinity",
            "-0",
            "0.1",
        ],
    ),
    (
        "double precision",
        &[
            "0.1",
            "1e300",
            "1e-5",
            "123456789012345680",
            "NaN",
            "Infinity",
            "-Infinity",
            "-0",
        ],
    ),
    (
        "text",
        &[
            "",
            "plain",
            "it's \"quoted\" \\ back",
            "tab\there\nand\r\u{8}\u{c}",
            "\u{1}\u{1f}\u{7f}",
            "江湖🗡",
            "/slash</script>",
            "NULL",
            "null",
            "{a,b}",
            "\u{2028}",
            "eight bytes, then \" and more than sixteen",
        ],
    ),
    ("varchar(9)", &["江湖", ""]),
    ("char(5)", &["ab", ""]),
    ("name", &["a name"]),
    ("\"char\"", &["a", ""]),
    ("uuid", &["00000000-0000-0000-0000-00000000000a"]),
    ("bytea", &["\\x00ff10", ""]),
    (
        "date",
        &[
            "2024-02-29",
            "infinity",
            "-infinity",
            "0044-03-15 BC",
            "20000-01-01",
            "0001-01-01",
        ],
    ),
    (
        "timestamp",
        &[
            "2024-02-29 23:59:59.123456",
            "2024-01-01 00:00:00",
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00 BC",
            "20000-01-01 00:00:00.1",
        ],
    ),
    (
        "timestamptz",
        &[
            "2024-02-29 23:59:59.123456+00",
            "2024-07-01 12:00:00+02",
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00+00 BC",
            "1880-01-01 00:00:00+00",
            "20000-01-01 00:00:00.1+00",
        ],
    ),
    ("time", &["00:00:00", "23:59:59.999999", "24:00:00"]),
    ("timetz", &["12:00:00+00", "12:00:00-03:30"]),
    (
        "interval",
        &[
            "1 year 2 mons 3 days 04:05:06.7",
            "-1 day",
            "00:00:00",
            "infinity",
        ],
    ),
    (
        "json",
        &["{\"a\" :  [1, \"\\u00e9\"]}", "null", "\"x\"", "1e5"],
    ),
    (
        "jsonb",
        &["{\"b\": {\"a\": null}, \"a\": \"江\\u0001\"}", "null", "[]"],
    ),
    ("inet", &["10.0.0.1/8", "::1"]),
    ("cidr", &["10.0.0.0/8"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("bit(3)", &["101"]),
    ("varbit", &["", "11"]),
    ("money", &["12.34", "-1"]),
    ("point", &["(1,2.5)"]),
    ("box", &["(1,2),(0,0)"]),
    ("oid", &["4294967295"]),
    ("xid", &["5"]),
    ("pg_lsn", &["16/B374D848"]),
    ("regtype", &["integer"]),
    ("tsvector", &["'a' 'it''s':1A"]),
    ("tsquery", &["a & b"]),
    ("int4range", &["[1,5)", "empty"]),
    (
        "tstzrange",
        &["[2024-01-01 00:00:00+00,2024-01-02 00:00:00+00)"],
    ),
    ("datemultirange", &["{[2024-01-01,2024-01-03)}"]),
    ("jsonpath", &["$.a[*]"]),
    ("public.mood", &["fine", "so \"so\""]),
    ("public.short", &["ab\"c"]),
    ("public.posint", &["5"]),
    ("public.day", &["2024-01-01", "infinity"]),
    ("public.spell", &["[1.5,2.5)"]),
    (
        "integer[]",
        &["{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={7,8}"],
    ),
    ("bigint[]", &["{9223372036854775807}"]),
    ("boolean[]", &["{t,f,NULL}"]),
    ("numeric[]", &["{1.50,NaN,Infinity}"]),
    (
        "text[]",
        &[
            "{}",
            "{a,\"b c\",NULL,\"NULL\",\"\",\"q\\\"u\\\\o\",\"{x,y}\",江湖}",
            "{{\"a,b\"},{c}}",
            "{\"a\nb\"}",
        ],
    ),
    ("uuid[]", &["{00000000-0000-0000-0000-00000000000a}"]),
    ("date[]", &["{2024-01-01,infinity}"]),
    ("timestamp[]", &["{\"2024-01-01 00:00:00\",infinity}"]),
    ("timestamptz[]", &["{\"2024-01-01 00:00:00+00\"}"]),
    (
        "json[]",
        &["{\"{\\\"a\\\": [1, \\\"x\\\"]}\",null,\"null\"}"],
    ),
    ("jsonb[]", &["{\"{\\\"a\\\": [1, \\\"x\\\"]}\",NULL}"]),
    ("bytea[]", &["{\"\\\\x00ff\"}"]),
    ("int4range[]", &["{\"[1,5)\"}"]),
    ("box[]", &["{(1,2),(0,0)}"]),
    ("public.mood[]", &["{fine,NULL,\"so \\\"so\\\"\"}"]),
    ("int2vector", &["1 2"]),
    ("public.pair", &["(1,x)"]),
    ("public.pair[]", &["{\"(1,x)\"}"]),
    ("public.shouted", &["loud"]),
];

/// Whose JSON is not certain: PostgreSQL writes it.
const UNCERTAIN: &[&str] = &[
    "box[]",
    "int2vector",
    "public.pair",
    "public.pair[]",
    "public.shouted",
];

const TYPES: &str = "
    create type mood as enum ('fine', 'so \"so\"');
    create type shouted as enum ('loud');
    create function shout(shouted) returns json language sql immutable
      as $$ select to_json(upper($1::text)) $$;
    create cast (shouted as json) with function shout(shouted);
    create domain short as text check (length(value) < 9);
    create domain posint as int;
    create domain day as date;
    create type spell as range (subtype = numeric);
    create type pair as (a int, b text);";

async fn own_types(client: &mut WireClient) -> Arc<UserTypes> {
    let sql = "select 'public.mood'::regtype::oid, 'public.mood[]'::regtype::oid, \
               'public.spell'::regtype::oid";
    let rows = client
        .transaction(&work(Access::ReadOnly, anon(ANON), sql))
        .await
        .unwrap();
    let id = |index| rows[0].try_get::<u32>(index).unwrap();
    Arc::new(UserTypes::from([
        (id(0), UserType::Text),
        (id(1), UserType::TextArray),
        (id(2), UserType::Text),
    ]))
}

#[tokio::test]
async fn every_type_is_written_as_postgresql_does() {
    let (_app, config) = app(TYPES).await;
    let mut client = WireClient::connect(&config).await.unwrap();
    let types = own_types(&mut client).await;
    // How values are printed depends on these.
    let sessions = [
        "",
        "-c timezone=Asia/Kathmandu -c intervalstyle=iso_8601 -c bytea_output=escape",
        "-c timezone=America/St_Johns -c extra_float_digits=-3",
        "-c datestyle=ISO,DMY -c timezone=Africa/Monrovia",
        "-c datestyle=German",
        "-c datestyle=SQL,DMY -c intervalstyle=sql_standard",
        "-c datestyle=Postgres,MDY -c intervalstyle=postgres_verbose",
    ];
    for session in sessions {
        let mut config = config.clone();
        config.options(session);
        let mut client = WireClient::connect(&config).await.unwrap();
        client.use_schema(1, &types).await.unwrap();
        let iso = !session.contains("datestyle") || session.contains("ISO");
        let mut certain = 0;
        for (ty, values) in VALUES {
            let mut rows: Vec<String> = values
                .iter()
                .map(|value| {
                    let value = hearth_pg::identifier::literal(value);
                    format!("({value}::text::{ty})")
                })
                .collect();
            rows.push(format!("(null::{ty})"));
            let select = format!(
                "select v as \"it's \\ \"\"q\"\"\", v as again from (values {}) t(v)",
                rows.join(", ")
            );
            let (here, there) = both(&mut client, &select).await;
            match here {
                Some(here) => {
                    assert_eq!(here, there, "{ty} with {session}");
                    certain += 1;
                }
                None => {
                    let dated = ty.starts_with("date")
                        || ty.starts_with("timestamp")
                        || *ty == "public.day";
                    assert!(
                        UNCERTAIN.contains(ty) || (!iso && dated),
                        "{ty} is not certain with {session}"
                    );
                }
            }
        }
        assert!(certain > 40);
    }
}

#[tokio::test]
async fn rows_of_any_number_and_shape() {
    let (_app, mut client) =
        connected("create table none (); insert into none default values").await;
    for select in [
        "select 1 as a where false",
        "select 1 as a",
        "select n as a, 'x' || n as \"b\u{1}\\\" from generate_series(1, 3000) n",
        "select from generate_series(1, 2)",
        "select * from none",
        "select 1 as a, 2 as a",
        "select repeat('长', 400000) as long, 1 as after",
        // More than is kept in memory.
        "select n, repeat('长', 1000) as long from generate_series(1, 3000) n",
        "select null as nothing, 'unknown' as literal",
    ] {
        let (here, there) = both(&mut client, select).await;
        assert_eq!(here.as_deref(), Some(there.as_str()), "{select}");
    }
    let first = work(
        Access::ReadOnly,
        anon(ANON),
        "select n from generate_series(5, 9) n",
    );
    let one = client
        .json(&first, JsonShape::FirstRow, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (one.rows, string(one.json).await.as_str()),
        (5, "{\"n\":5}")
    );
    let none = work(Access::ReadOnly, anon(ANON), "select 1 as n where false");
    let none = client
        .json(&none, JsonShape::FirstRow, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((none.rows, string(none.json).await.as_str()), (0, "null"));
}

#[tokio::test]
async fn what_comes_after_the_rows_is_of_the_same_transaction() {
    let (_app, mut client) = connected("select 1").await;
    let read = work(
        Access::ReadOnly,
        anon(ANON),
        "select set_config('response.status', n::text, true) as s from generate_series(1, 3) n",
    );
    let after = "select current_setting('response.status', true)";
    for _ in 0..2 {
        let rows = client
            .json(&read, JsonShape::Array, Some(after))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(rows.after[0].try_get::<&str>(0).unwrap(), "3");
        assert_eq!(
            string(rows.json).await,
            "[{\"s\":\"1\"}, \n {\"s\":\"2\"}, \n {\"s\":\"3\"}]"
        );
    }
    let failing = work(
        Access::ReadOnly,
        anon(ANON),
        "select 1 / (2 - n) as s from generate_series(1, 3) n",
    );
    let refused = client.json(&failing, JsonShape::Array, Some(after)).await;
    assert_eq!(refused.err().unwrap().sqlstate().unwrap().code(), "22012");
}

#[tokio::test]
async fn a_date_style_set_meanwhile_is_noticed() {
    let (_app, mut client) = connected(
        "create function german() returns date language sql
           as $$ select set_config('datestyle', 'German', true); select date '2024-02-01' $$;
         create function german_for_good() returns date language sql
           as $$ select set_config('datestyle', 'German', false); select date '2024-02-01' $$",
    )
    .await;
    let (here, there) = both(
        &mut client,
        "select public.german() as d, now()::date > '2000-01-01' as b",
    )
    .await;
    assert_eq!(
        (here, there.as_str()),
        (None, "[{\"d\":\"2024-02-01\",\"b\":true}]")
    );
    let (here, _) = both(&mut client, "select public.german_for_good() as d").await;
    assert_eq!(here, None);
    // It does not outlive the transaction, as nothing does that users' code sets.
    let (here, there) = both(&mut client, "select date '2024-02-01' as d").await;
    assert_eq!(here.as_deref(), Some("[{\"d\":\"2024-02-01\"}]"));
    assert_eq!(here.as_deref(), Some(there.as_str()));
}

#[tokio::test]
async fn an_open_write_is_not_tried() {
    let (_app, mut client) = connected("create table t (a int)").await;
    let mut write = work(
        Access::ReadWrite,
        anon(ANON),
        "insert into public.t values (1) returning a",
    );
    let refused = client.json(&write, JsonShape::Array, None).await;
    assert!(matches!(refused, Err(PgError::Protocol(_))));
    write.footprint = Footprint::Quiet;
    let rows = client
        .json(&write, JsonShape::Array, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(string(rows.json).await, "[{\"a\":1}]");
    let (here, _) = both(&mut client, "select count(*) as n from public.t").await;
    assert_eq!(here.as_deref(), Some("[{\"n\":1}]"));
}
