//! Connections of both kinds that are bounded together.

use std::time::Duration;

use hearth_pg::{Access, Callers, PgError, Rights, scope};
use hearth_testkit::TestApp;

const PATIENCE: Duration = Duration::from_millis(100);

fn anon(role: &'static str) -> Rights<'static> {
    Rights {
        role,
        claims: "{}",
        search_path: "public",
        request: scope::RequestSettings::default(),
    }
}

#[tokio::test]
async fn both_kinds_together_are_no_more_than_allowed() {
    let app = TestApp::create(&[]).await.unwrap();
    let callers = Callers::bounded(app.app.database.listen_config(), 2, PATIENCE);
    let transactions = callers.transactions().unwrap();
    let session = callers.session().await.unwrap();
    let transaction = transactions.get().await.unwrap();
    for refused in [
        callers.session().await.err(),
        transactions.get().await.err(),
    ] {
        assert!(matches!(refused, Some(PgError::PoolTimeout)));
    }
    let usage = callers.limited_usage().unwrap();
    assert_eq!((usage.most, usage.timeouts, usage.waiting), (2, 2, 0));
    drop((session, transaction));
    assert_eq!(callers.limited_usage().unwrap().available, 2);
    // A free one of the other kind makes room.
    let sessions = (
        callers.session().await.unwrap(),
        callers.session().await.unwrap(),
    );
    assert_eq!(callers.open(), 2);
    drop(sessions);
    callers.close_older(Duration::ZERO);
    assert_eq!(callers.open(), 0);
}

#[tokio::test]
async fn nothing_stays_prepared_where_nothing_may() {
    let app = TestApp::create(&[]).await.unwrap();
    let callers = Callers::bounded(app.app.database.listen_config(), 1, PATIENCE).unprepared();
    assert!(callers.transactions().is_none());
    let conn = callers.session().await.unwrap();
    let rows = scope::run(
        &conn,
        Access::ReadOnly,
        &anon("anon"),
        "select $1::int + 1 || current_user::text, (select count(*) from pg_prepared_statements)",
        &[&hearth_pg::TextParam::new("41")],
    )
    .await
    .unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "42anon");
    assert_eq!(rows[0].get::<_, i64>(1), 0);
}
