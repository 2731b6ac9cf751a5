//! The ordinary life of a cluster.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use hearth_pg::embedded::State;

use crate::lab::{Lab, execute, text};

#[tokio::test]
async fn data_port_and_password_outlive_a_stop() {
    let lab = Lab::new();
    let first = lab.start().await;
    let port = first.tcp_port();
    assert_eq!(*first.state().borrow(), State::Running);
    execute(
        &first,
        "create table notes (body text); insert into notes values ('kept')",
    )
    .await;
    first.stop().await;
    assert_eq!(*first.state().borrow(), State::Stopped);
    assert_eq!(first.pid(), None);
    assert!(!lab.cluster().join("postmaster.pid").exists());
    drop(first);

    let second = lab.start().await;
    assert_eq!(text(&second, "select body from notes").await, "kept");
    assert_eq!(second.tcp_port(), port);
    second.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_open_sessions() {
    let lab = Lab::new();
    let embedded = lab.start().await;
    let client = crate::lab::client(&embedded).await;
    client
        .batch_execute("begin; create table held (id int)")
        .await
        .unwrap();
    embedded.stop().await;
    assert!(client.batch_execute("commit").await.is_err());
    embedded.stop().await;
}

#[tokio::test]
async fn the_cluster_is_made_as_hearth_needs_it() {
    let lab = Lab::new();
    let embedded = lab.start().await;
    for (setting, value) in [
        ("wal_level", "logical"),
        ("max_connections", "200"),
        ("max_replication_slots", "64"),
        ("max_slot_wal_keep_size", "1GB"),
        ("listen_addresses", "127.0.0.1"),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("shared_buffers", "16MB"),
        ("data_checksums", "on"),
    ] {
        let now = text(&embedded, &format!("select current_setting('{setting}')")).await;
        assert_eq!(now, value, "{setting}");
    }
    assert_eq!(
        text(&embedded, "select current_user").await,
        "supabase_admin"
    );
    assert_eq!(text(&embedded, "select '表' > 'z'").await, "true");
    let mode = |name: &str| {
        std::fs::metadata(lab.data_dir().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("postgres.json"), 0o600);
    assert_eq!(mode("postgres"), 0o700);
    embedded.stop().await;
}

#[tokio::test]
async fn the_loopback_port_wants_the_password() {
    let lab = Lab::new();
    let embedded = lab.start().await;
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(embedded.tcp_port())
        .user("supabase_admin")
        .dbname("postgres");
    config.password("guess");
    assert!(hearth_pg::connect::connect(&config).await.is_err());
    config.password(embedded.server().admin_password.expose());
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    hearth_pg::connect::connect(&config).await.unwrap();
    embedded.stop().await;
}

#[tokio::test]
async fn a_long_path_gets_a_short_private_socket_directory() {
    let lab = Lab::below(&"资料/".repeat(20));
    let embedded = lab.start().await;
    let sockets = text(
        &embedded,
        "select current_setting('unix_socket_directories')",
    )
    .await;
    let sockets = sockets.trim_matches('"').to_owned();
    assert!(sockets.len() < 90, "{sockets}");
    assert_eq!(std::fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700);
    embedded.stop().await;
    std::fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn a_setting_changed_by_hearth_applies_at_the_next_start() {
    let mut lab = Lab::new();
    lab.start().await.stop().await;
    lab.config
        .settings
        .push(("max_connections".into(), "77".into()));
    let embedded = lab.start().await;
    assert_eq!(
        text(&embedded, "select current_setting('max_connections')").await,
        "77"
    );
    embedded.stop().await;
}

#[tokio::test]
async fn root_need_not_care_where_the_data_directory_lies() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let lab = Lab::new();
    let closed = lab.base().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut inside = Lab::new();
    inside.config.data_dir = closed.join("data");
    let embedded = inside.start().await;
    execute(&embedded, "create table notes as select 'kept' as body").await;
    embedded.stop().await;
    drop(embedded);
    let again = inside.start().await;
    assert_eq!(text(&again, "select body from notes").await, "kept");
    again.stop().await;
    // It lies outside the test's own directory.
    std::fs::remove_dir_all(inside.cluster().parent().unwrap()).unwrap();
}
