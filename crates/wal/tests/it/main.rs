//! The log of a real PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs)]

use hearth_testkit::TestApp;
use hearth_wal::{Cell, Event, Lsn, Message, SlotState, StreamOptions, WalStream, slot};

fn options(name: &str, start: Lsn) -> StreamOptions {
    StreamOptions {
        slot: name.to_owned(),
        publications: vec!["supabase_realtime".to_owned()],
        start,
        confirmed: start,
    }
}

/// The texts inserted up to the one that says `last`, and the end of its transaction.
async fn read_until(stream: &mut WalStream, last: &str) -> (Vec<String>, Lsn) {
    let mut texts = Vec::new();
    loop {
        match stream.recv().await.unwrap() {
            Event::Message(Message::Insert { new, .. }) => {
                let Cell::Text(bytes) = &new[1] else {
                    panic!("a text")
                };
                texts.push(String::from_utf8(bytes.to_vec()).unwrap());
            }
            Event::Message(Message::Commit { end_lsn, .. })
                if texts.last().is_some_and(|text| text == last) =>
            {
                return (texts, end_lsn);
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_is_made_streamed_confirmed_and_dropped() {
    let app = TestApp::create(&[]).await.unwrap();
    app.sql(
        "create table t (id int primary key, s text);
         alter publication supabase_realtime add table t;",
    )
    .await
    .unwrap();
    let name = format!("test_{}", app.app.reference);
    let client = app.superuser().await.unwrap();
    assert_eq!(
        slot::inspect(&client, &name).await.unwrap(),
        SlotState::Absent
    );
    let start = slot::create(&client, &name).await.unwrap();
    assert!(slot::current_lsn(&client).await.unwrap() >= start);
    app.sql("insert into t values (1, 'one'), (2, 'two')")
        .await
        .unwrap();

    let config = app.app.database.admin_config();
    let mut stream = WalStream::connect(&config, &options(&name, Lsn::ZERO))
        .await
        .unwrap();
    let (texts, end) = read_until(&mut stream, "two").await;
    assert_eq!(texts, ["one", "two"]);
    // Not confirmed: it all comes again.
    stream.stop().await;
    let mut stream = WalStream::connect(&config, &options(&name, Lsn::ZERO))
        .await
        .unwrap();
    assert_eq!(read_until(&mut stream, "two").await.0, ["one", "two"]);
    stream.confirm(end);
    app.sql("insert into t values (3, 'three')").await.unwrap();
    assert_eq!(read_until(&mut stream, "three").await.0, ["three"]);
    // A predecessor's connection is ended, whoever holds it.
    slot::release(&client, &name).await.unwrap();
    assert!(stream.recv().await.is_err() || stream.recv().await.is_err());
    let mut stream = WalStream::connect(&config, &options(&name, end))
        .await
        .unwrap();
    assert_eq!(read_until(&mut stream, "three").await.0, ["three"]);
    assert!(
        WalStream::connect(&config, &options("no_such_slot", Lsn::ZERO))
            .await
            .is_err()
    );
    slot::drop(&client, &name).await.unwrap();
    assert_eq!(
        slot::inspect(&client, &name).await.unwrap(),
        SlotState::Absent
    );
    app.drop_database().await.unwrap();
}
