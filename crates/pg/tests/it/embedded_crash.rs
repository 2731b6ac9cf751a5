//! What ends without warning, and what the next start makes of it.

use crate::lab::{Lab, execute, kill_hard, orphan, restarted, text};

#[tokio::test]
async fn a_killed_postgresql_is_restarted_with_all_that_was_committed() {
    let lab = Lab::new();
    let embedded = lab.start().await;
    execute(&embedded, "create table notes as select 'kept' as body").await;
    for _ in 0..3 {
        let pid = embedded.pid().unwrap();
        restarted(&embedded, || kill_hard(pid)).await;
        assert_ne!(embedded.pid().unwrap(), pid);
        assert_eq!(text(&embedded, "select body from notes").await, "kept");
    }
    embedded.stop().await;
}

#[tokio::test]
async fn a_busy_session_of_a_killed_postgresql_does_not_hold_up_the_restart() {
    let lab = Lab::new();
    let embedded = lab.start().await;
    let client = crate::lab::client(&embedded).await;
    let busy = tokio::spawn(async move {
        client
            .batch_execute("select count(*) from generate_series(1, 100000000000)")
            .await
    });
    while text(
        &embedded,
        "select count(*) from pg_stat_activity where query like '%100000000000%'",
    )
    .await
        == "1"
    {
        tokio::task::yield_now().await;
    }
    let pid = embedded.pid().unwrap();
    restarted(&embedded, || kill_hard(pid)).await;
    assert!(busy.await.unwrap().is_err());
    assert_eq!(text(&embedded, "select 1").await, "1");
    embedded.stop().await;
}

#[tokio::test]
async fn an_orphan_is_taken_over() {
    let lab = Lab::new();
    let first = lab.start().await;
    execute(&first, "create table notes as select 'kept' as body").await;
    let pid = orphan(first).await;

    let second = lab.start().await;
    assert_eq!(second.pid(), Some(pid));
    assert_eq!(text(&second, "select body from notes").await, "kept");
    // And looked after like a child of one's own.
    restarted(&second, || kill_hard(pid)).await;
    assert_ne!(second.pid(), Some(pid));
    assert_eq!(text(&second, "select body from notes").await, "kept");
    second.stop().await;
    assert!(!lab.cluster().join("postmaster.pid").exists());
}

#[tokio::test]
async fn an_orphan_with_other_settings_is_replaced() {
    let mut lab = Lab::new();
    let first = lab.start().await;
    let port = first.tcp_port();
    let pid = orphan(first).await;
    lab.config
        .settings
        .push(("max_connections".into(), "66".into()));
    let second = lab.start().await;
    assert_ne!(second.pid(), Some(pid));
    assert_eq!(second.tcp_port(), port);
    assert_eq!(
        text(&second, "select current_setting('max_connections')").await,
        "66"
    );
    second.stop().await;
}

#[tokio::test]
async fn a_stale_pid_file_is_replaced() {
    let lab = Lab::new();
    lab.start().await.stop().await;
    let file = lab.cluster().join("postmaster.pid");
    // A number that runs, but is not PostgreSQL, as after a reboot.
    let own = std::process::id();
    for pid in [own, 4_000_000] {
        std::fs::write(
            &file,
            format!("{pid}\n{}\n1\n5432\n\n\n\nready\n", file.display()),
        )
        .unwrap();
        let embedded = lab.start().await;
        assert_eq!(text(&embedded, "select 1").await, "1");
        embedded.stop().await;
    }
}

#[tokio::test]
async fn a_cluster_left_half_made_is_made_anew() {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.data_dir().join("postgres.new/base")).unwrap();
    std::fs::write(lab.data_dir().join("postgres.new/PG_VERSION"), "18").unwrap();
    let embedded = lab.start().await;
    assert_eq!(text(&embedded, "select 1").await, "1");
    assert!(!lab.data_dir().join("postgres.new").exists());
    embedded.stop().await;
}

#[tokio::test]
async fn a_start_given_up_leaves_nothing_running() {
    let lab = Lab::new();
    lab.start().await.stop().await;
    // Dropped at different moments of the start.
    for milliseconds in [5, 20, 40, 80] {
        let given_up = std::time::Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(given_up, lab.try_start()).await;
        let embedded = lab.start().await;
        assert_eq!(text(&embedded, "select 1").await, "1");
        embedded.stop().await;
    }
}
