//! What cannot work is said in words, and nothing is left half done.

use std::net::TcpListener;

use crate::lab::{Lab, text};

#[tokio::test]
async fn a_second_hearth_is_refused_and_told_of_the_first() {
    let lab = Lab::new();
    let first = lab.start().await;
    first.announce("http://127.0.0.1:8000");
    let refusal = lab.refusal().await;
    let pid = std::process::id().to_string();
    assert!(refusal.contains("in use by another Hearth"), "{refusal}");
    assert!(
        refusal.contains(&pid) && refusal.contains("http://127.0.0.1:8000"),
        "{refusal}"
    );
    assert_eq!(text(&first, "select 1").await, "1");
    first.stop().await;
    drop(first);
    lab.start().await.stop().await;
}

#[tokio::test]
async fn a_wrong_folder_of_programs_is_named() {
    let mut lab = Lab::new();
    lab.config.bin = Some(lab.base().to_owned());
    let refusal = lab.refusal().await;
    assert!(refusal.contains("HEARTH_PG_BIN"), "{refusal}");
    assert!(refusal.contains("there is no postgres in it"), "{refusal}");
    assert!(!lab.data_dir().join("postgres").exists());
}

#[tokio::test]
async fn a_program_that_is_no_postgresql_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let mut lab = Lab::new();
    for program in ["postgres", "initdb"] {
        let path = lab.base().join(program);
        std::fs::write(&path, "#!/bin/sh\necho postgres '(PostgreSQL)' 9.6.24\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    lab.config.bin = Some(lab.base().to_owned());
    let refusal = lab.refusal().await;
    assert!(
        refusal.contains("PostgreSQL 9.6.24, and 15 or newer is needed"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_remembered_one_gives_way() {
    let mut lab = Lab::new();
    let first = lab.start().await;
    let port = first.tcp_port();
    first.stop().await;
    drop(first);

    let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = lab.start().await;
    assert_ne!(second.tcp_port(), port);
    second.stop().await;
    drop(second);

    lab.config.port = Some(port);
    let refusal = lab.refusal().await;
    assert!(refusal.contains(&format!("port {port}")), "{refusal}");
    drop(other);
    lab.start().await.stop().await;
}

#[tokio::test]
async fn something_else_in_the_place_of_the_cluster_is_left_alone() {
    let lab = Lab::new();
    let place = lab.data_dir().join("postgres");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("thesis.txt"), "important").unwrap();
    let refusal = lab.refusal().await;
    assert!(refusal.contains("no PostgreSQL cluster"), "{refusal}");
    assert_eq!(
        std::fs::read_to_string(place.join("thesis.txt")).unwrap(),
        "important"
    );
}

#[tokio::test]
async fn a_cluster_of_another_version_is_left_alone() {
    let lab = Lab::new();
    lab.start().await.stop().await;
    let version = lab.cluster().join("PG_VERSION");
    std::fs::write(&version, "14\n").unwrap();
    let refusal = lab.refusal().await;
    assert!(refusal.contains("made by PostgreSQL 14"), "{refusal}");
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_is_quoted_from_its_log() {
    let mut lab = Lab::new();
    lab.config.settings = vec![("shared_buffers".into(), "much".into())];
    let refusal = lab.refusal().await;
    assert!(
        refusal.contains("did not start") && refusal.contains("shared_buffers"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_lost_password_is_said_before_anything_runs() {
    let lab = Lab::new();
    lab.start().await.stop().await;
    std::fs::remove_file(lab.data_dir().join("postgres.json")).unwrap();
    let refusal = lab.refusal().await;
    assert!(refusal.contains("postgres.json"), "{refusal}");
    assert!(!lab.cluster().join("postmaster.pid").exists());
}
