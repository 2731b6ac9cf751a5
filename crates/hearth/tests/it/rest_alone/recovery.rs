//! A database that is away, comes back, is lost; and one that is too busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::alone::{Alone, Database, SECRET};

/// A cable to PostgreSQL that can be pulled.
struct Cable {
    port: u16,
    plugged: Arc<AtomicBool>,
    pulled: Arc<Notify>,
}

impl Cable {
    async fn to(postgres: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cable = Self {
            port: listener.local_addr().unwrap().port(),
            plugged: Arc::default(),
            pulled: Arc::default(),
        };
        let (plugged, pulled) = (cable.plugged.clone(), cable.pulled.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if !plugged.load(Ordering::SeqCst) {
                    continue;
                }
                let pulled = pulled.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", postgres)).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        () = pulled.notified() => {}
                    }
                });
            }
        });
        cable
    }

    fn plug(&self) {
        self.plugged.store(true, Ordering::SeqCst);
    }

    fn pull(&self) {
        self.plugged.store(false, Ordering::SeqCst);
        self.pulled.notify_waiters();
    }
}

async fn until_ready(alone: &Alone, status: u16) {
    while alone.admin("/ready").await.status != status {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_waited_for() {
    let database = Database::create().await;
    let cable = Cable::to(database.port()).await;
    let file = database.file_at(cable.port, &format!("jwt-secret = \"{SECRET}\""));
    let mut alone = Alone::start(Some(&file), &[]);
    let away = alone.get("/items", None).await;
    let message = "Could not query the database for the schema cache. Retrying.".to_owned();
    assert_eq!(away.refusal(), (503, "PGRST002".to_owned(), message));
    assert_ne!(away.header("retry-after"), "");
    assert_eq!(away.header("proxy-status"), "PostgREST; error=PGRST002");
    assert_eq!(alone.admin("/live").await.status, 200);
    assert_eq!(alone.admin("/ready").await.status, 503);
    assert_eq!(
        alone.get("/items", Some("a.b.c")).await.refusal().1,
        "PGRST301"
    );

    cable.plug();
    alone.until_said("Schema cache loaded");
    alone.until_said("Listener connected");
    assert_eq!(alone.get("/items", None).await.status, 200);
    until_ready(&alone, 200).await;

    cable.pull();
    until_ready(&alone, 503).await;
    let lost = alone.get("/items", None).await;
    assert_eq!(lost.status, 503);
    assert!(lost.refusal().1.starts_with("PGRST00"), "{}", lost.text);
    assert_ne!(lost.header("retry-after"), "");

    cable.plug();
    alone.until_said_times("Listener connected", 2);
    assert_eq!(alone.get("/items", None).await.status, 200);
    // What happened meanwhile may have been missed.
    alone.until_said_times("Schema cache loaded", 2);
    drop(alone);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_recovery_it_ends() {
    let database = Database::create().await;
    let cable = Cable::to(database.port()).await;
    cable.plug();
    let file = database.file_at(cable.port, "db-pool-automatic-recovery = false");
    let mut alone = Alone::start(Some(&file), &[]);
    alone.until_said("Listener connected");
    cable.pull();
    assert!(!alone.wait().success());
    assert!(
        alone
            .log()
            .contains("Automatic recovery disabled, exiting.")
    );
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_ends_it() {
    let database = Database::create().await;
    database.sql("alter role {login} password 'other'").await;
    let file = database.file("");
    let ended = super::alone::command(&[file.to_str().unwrap()], &[]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert!(
        said.contains("Failed to establish a connection. "),
        "{said}"
    );
    assert!(!said.contains("secret"), "{said}");
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_pool_is_waited_for_so_long() {
    let database = Database::create().await;
    let file = database.file("db-pool = 1\ndb-pool-acquisition-timeout = 1");
    let alone = Alone::start(Some(&file), &[]);
    let sleeps = alone.get("/rpc/sleep?seconds=0.1", None).await;
    assert_eq!(sleeps.text, "\"slept\"");
    let busy = async {
        let client = reqwest::Client::new();
        let call = client
            .post(format!("{}/rpc/sleep", alone.url))
            .json(&json!({"seconds": 4}));
        call.send().await.unwrap().status().as_u16()
    };
    let waits = async {
        // The one connection is taken once the metrics say that it is not free.
        loop {
            let metrics = alone.admin("/metrics").await.text;
            if metrics.contains("pgrst_db_pool_available 0") {
                break;
            }
        }
        alone.get("/items", None).await.refusal()
    };
    let (slept, refused) = tokio::join!(busy, waits);
    assert_eq!(slept, 200);
    let message = "Timed out acquiring connection from connection pool.".to_owned();
    assert_eq!(refused, (504, "PGRST003".to_owned(), message));
    let metrics = alone.admin("/metrics").await.text;
    assert!(
        metrics.contains("pgrst_db_pool_timeouts_total 1"),
        "{metrics}"
    );
    // Both kinds of connections together are no more than one.
    let (admin, _task) = hearth_pg::connect::connect(&database.config).await.unwrap();
    let login = database.role("login");
    let count =
        "select count(*) from pg_stat_activity where usename = $1 and query not like 'listen%'";
    let open: i64 = admin.query_one(count, &[&login]).await.unwrap().get(0);
    assert!(open <= 1, "{open} connections");
    drop(alone);
    database.drop().await;
}
