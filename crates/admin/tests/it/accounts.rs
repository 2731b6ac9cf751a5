//! Signing in, sessions, roles, lock-out.

use http::header;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

#[tokio::test]
async fn nobody_gets_in_without_the_password() {
    let world = World::new().await;
    let mut browser = world.browser();
    let wrong = json!({"username": "admin", "password": "x"});
    let refused = browser.refused("POST", "/session", wrong.clone()).await;
    assert_eq!(refused, (401, "invalid_credentials".to_owned()));
    let unknown = json!({"username": "nobody", "password": PASSWORD});
    let refused = browser.refused("POST", "/session", unknown).await;
    assert_eq!(refused, (401, "invalid_credentials".to_owned()));
    for path in ["/session", "/apps", "/audit", "/administrators"] {
        let refused = browser.refused("GET", path, Value::Null).await;
        assert_eq!(refused, (401, "not_signed_in".to_owned()), "{path}");
    }
    browser.cookie = Some("hearth_console=guess".to_owned());
    assert_eq!(browser.refused("GET", "/apps", Value::Null).await.0, 401);

    // Five failures in a row lock the name from that address, and from no other.
    browser.cookie = None;
    for _ in 0..4 {
        assert_eq!(
            browser.refused("POST", "/session", wrong.clone()).await.0,
            401
        );
    }
    let right = json!({"username": "admin", "password": PASSWORD});
    let (status, headers, body) = browser.full("POST", "/session", right).await;
    assert_eq!((status.as_u16(), &body["code"]), (429, &json!("locked")));
    let seconds: u64 = headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=31).contains(&seconds));
    browser.peer = "10.0.0.1".parse().unwrap();
    browser.sign_in("admin", PASSWORD).await;
    assert_eq!(browser.get("/session").await["user"]["role"], "owner");

    // A foreign page's form has the cookie, and not the header.
    let mut foreign = browser.clone();
    foreign.headers.clear();
    let refused = foreign.refused("DELETE", "/session", Value::Null).await;
    assert_eq!(refused, (403, "missing_header".to_owned()));
    assert!(foreign.get("/session").await.is_object());
    foreign.headers.clone_from(&browser.headers);
    let site = ("sec-fetch-site".to_owned(), "same-site".to_owned());
    foreign.headers.push(site);
    let refused = foreign.refused("DELETE", "/session", Value::Null).await;
    assert_eq!(refused, (403, "missing_header".to_owned()));

    // Words follow the language.
    browser
        .headers
        .push(("accept-language".to_owned(), "zh-CN,en;q=0.5".to_owned()));
    let (_, body) = browser.send("GET", "/nowhere", Value::Null).await;
    assert_eq!(body, json!({"code": "no_route", "message": "未找到"}));

    browser.must("DELETE", "/session", Value::Null).await;
    assert_eq!(browser.refused("GET", "/session", Value::Null).await.0, 401);
    world.close().await;
}

#[tokio::test]
async fn roles_bound_what_administrators_do() {
    let world = World::new().await;
    let owner = world.signed_in("admin", PASSWORD).await;
    let reference = world.app.reference.to_string();
    let other = owner.must("POST", "/apps", json!({"name": "other"})).await;
    let other = other["ref"].as_str().unwrap();
    let short = json!({"username": "x", "password": "short", "role": "viewer"});
    assert_eq!(owner.refused("POST", "/administrators", short).await.0, 400);
    for (name, role) in [("dev", "developer"), ("看客", "viewer")] {
        let new =
            json!({"username": name, "password": PASSWORD, "role": role, "apps": [reference]});
        let made = owner.must("POST", "/administrators", new.clone()).await;
        assert_eq!(
            (&made["username"], &made["role"]),
            (&json!(name), &json!(role))
        );
        let again = owner.refused("POST", "/administrators", new).await;
        assert_eq!(again, (409, "administrator_exists".to_owned()));
    }
    let app = format!("/apps/{reference}");
    let dev = world.signed_in("dev", PASSWORD).await;
    let viewer = world.signed_in("看客", PASSWORD).await;

    // Only their own application is there for them.
    for browser in [&dev, &viewer] {
        assert_eq!(browser.get("/apps").await.as_array().unwrap().len(), 1);
        let refused = browser
            .refused("GET", &format!("/apps/{other}"), Value::Null)
            .await;
        assert_eq!(refused, (404, "app_not_found".to_owned()));
        for (method, path) in [
            ("GET", "/administrators"),
            ("POST", "/apps"),
            ("DELETE", "/administrators/admin"),
        ] {
            let refused = browser.refused(method, path, json!({"name": "x"})).await;
            assert_eq!(refused, (403, "forbidden".to_owned()), "{method} {path}");
        }
        for path in ["/pause", "/resume"] {
            let refused = browser
                .refused("POST", &format!("{app}{path}"), Value::Null)
                .await;
            assert_eq!(refused.0, 403);
        }
        assert_eq!(
            browser
                .refused("DELETE", &app, json!({"confirm": reference}))
                .await
                .0,
            403
        );
    }
    dev.get(&format!("{app}/secrets")).await;
    dev.must(
        "POST",
        &format!("{app}/pg/query"),
        json!({"query": "create table t (id int)"}),
    )
    .await;

    // A viewer looks, and cannot change anything however it is written.
    viewer.get(&app).await;
    viewer.get(&format!("{app}/pg/tables")).await;
    let query = |sql: &str| json!({"query": sql});
    let path = format!("{app}/pg/query");
    viewer
        .must(
            "POST",
            &path,
            query("with a as (select 1 as x) select * from a"),
        )
        .await;
    for sql in [
        "insert into t values (1)",
        "with a as (insert into t values (1) returning id) select * from a",
        "create table u ()",
        "commit; insert into t values (1)",
        "set transaction read write",
        "select set_config('transaction_read_only', 'off', true)",
        "do $$ begin insert into t values (1); end $$",
        "explain analyze insert into t values (1)",
        "copy t from stdin",
    ] {
        let (status, body) = viewer.send("POST", &path, query(sql)).await;
        assert!(!status.is_success(), "{sql}: {body}");
    }
    let count = dev
        .must("POST", &path, query("select count(*) from t"))
        .await;
    assert_eq!(count, json!([{"count": 0}]));
    assert_eq!(
        viewer
            .refused("GET", &format!("{app}/secrets"), Value::Null)
            .await
            .0,
        403
    );
    let tables = format!("{app}/pg/tables");
    assert_eq!(
        viewer
            .refused("POST", &tables, json!({"name": "x"}))
            .await
            .0,
        403
    );
    let settings = viewer.get(&format!("{app}/settings")).await;
    let refused = viewer
        .refused("PUT", &format!("{app}/settings"), settings)
        .await;
    assert_eq!(refused.0, 403);

    // One's own password needs the old one, ends the other sessions and spares this one.
    let elsewhere = world.signed_in("dev", PASSWORD).await;
    let change =
        |current: &str| json!({"current_password": current, "password": "another password"});
    let refused = dev
        .refused("PATCH", "/administrators/dev", change("wrong"))
        .await;
    assert_eq!(refused, (401, "invalid_credentials".to_owned()));
    assert_eq!(
        dev.refused("PATCH", "/administrators/dev", json!({"role": "owner"}))
            .await
            .0,
        403
    );
    dev.must("PATCH", "/administrators/dev", change(PASSWORD))
        .await;
    dev.get("/session").await;
    assert_eq!(
        elsewhere.refused("GET", "/session", Value::Null).await.0,
        401
    );

    // The last owner stays; a removed administrator is out at once.
    for (method, body) in [
        ("DELETE", Value::Null),
        ("PATCH", json!({"role": "viewer"})),
    ] {
        let refused = owner.refused(method, "/administrators/admin", body).await;
        assert_eq!(refused, (409, "last_owner".to_owned()));
    }
    owner
        .must("DELETE", "/administrators/dev", Value::Null)
        .await;
    assert_eq!(dev.refused("GET", "/session", Value::Null).await.0, 401);
    let gone = owner
        .refused("DELETE", "/administrators/dev", Value::Null)
        .await;
    assert_eq!(gone, (404, "administrator_not_found".to_owned()));

    // What was done stands in the record, without what was typed as a password.
    let audit = owner.get("/audit?limit=1000").await;
    let actions: Vec<&str> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    for action in [
        "secrets.read",
        "app.create",
        "administrator.delete",
        "sql.run",
    ] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert!(!audit.to_string().contains(PASSWORD));
    let first = &audit[0]["id"];
    let rest = owner.get(&format!("/audit?limit=2&before={first}")).await;
    assert_eq!(rest[0]["id"], audit[1]["id"]);
    world.close().await;
}

#[tokio::test]
async fn the_operator_gets_back_in() {
    let world = World::new().await;
    let before = world.signed_in("admin", PASSWORD).await;
    let again = world.admin.first_administrator(None).await.unwrap();
    assert!(again.is_none(), "only where there is nobody");
    let password = world.admin.reset_password("admin", None).await.unwrap();
    assert_eq!(before.refused("GET", "/session", Value::Null).await.0, 401);
    world.signed_in("admin", password.expose()).await;
    let password = world.admin.reset_password("new one", None).await.unwrap();
    let browser = world.signed_in("new one", password.expose()).await;
    assert_eq!(browser.get("/session").await["user"]["role"], "owner");
    world.close().await;
}
