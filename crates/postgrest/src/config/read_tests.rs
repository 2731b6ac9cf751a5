#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use super::*;

fn given(
    file: &str,
    variables: &[(&str, &str)],
    database: &[(&str, &str)],
) -> Result<Config, ConfigError> {
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        pairs.iter().map(own).collect()
    };
    let asked = RefCell::new(Vec::new());
    read(&Given {
        file: Some(Path::new("postgrest.conf")),
        variables: &own(variables).into_iter().collect(),
        database: &own(database),
        uri: None,
        outside: Outside {
            read: &|path| {
                asked.borrow_mut().push(path.to_owned());
                match path.to_str() {
                    Some("postgrest.conf") => Ok(file.to_owned()),
                    Some("secret") => Ok("a secret out of a file, long enough\n".to_owned()),
                    Some("uri") => Ok(" postgres://from/file \n".to_owned()),
                    _ => Err(std::io::ErrorKind::NotFound.into()),
                }
            },
            variable: &|_| None,
        },
    })
}

#[test]
fn the_database_wins_over_variables_and_these_over_the_file() {
    let file = "db-schemas = \"a\"\ndb-max-rows = 1\ndb-anon-role = \"f\"";
    let variables = [("PGRST_DB_SCHEMAS", "b"), ("PGRST_DB_MAX_ROWS", "2")];
    let config = given(file, &variables, &[("db_schemas", "c, d")]).unwrap();
    assert_eq!(config.schemas, ["c", "d"]);
    assert_eq!(config.max_rows, Some(2));
    assert_eq!(config.anon_role.as_deref(), Some("f"));
}

#[test]
fn defaults_are_those_of_the_example() {
    let nothing = given("", &[], &[]).unwrap();
    let example = given(super::super::EXAMPLE, &[], &[]).unwrap();
    assert_eq!(nothing.dump(), example.dump());
    assert_eq!(example.warnings, [""; 0]);
    // Every line that is commented out is a setting, too.
    let is_setting = |line: &str| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| !key.contains(' '))
    };
    let all: String = super::super::EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => setting,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let all = given(&all, &[], &[]).unwrap();
    assert_eq!(all.warnings, [""; 0]);
    assert_eq!(
        all.app_settings,
        [("app.settings.name".to_owned(), "value".to_owned())]
    );
    assert_eq!(all.admin_server.port, Some(3001));
}

#[test]
fn a_dump_is_a_file_that_says_the_same() {
    let file = r#"
        db-uri = "host=h password='a\"b'"
        jwt-secret = "cmVhbGx5cmVhbGx5cmVhbGx5cmVhbGx5dmVyeXNhZmU"
        jwt-secret-is-base64 = true
        jwt-role-claim-key = ".roles[?(@ ^== \"a\")]"
        db-tx-end = "rollback-allow-override"
        db-pre-request = "a.b"
        app.settings.x = "y"
        server-unix-socket-mode = "600"
    "#;
    let config = given(file, &[], &[]);
    assert!(config.is_err(), "unpadded base64");
    let file = file
        .replace("YWZl\"", "YWZl=\"")
        .replace("c2FmZQ", "c2FmZQ==")
        .replace("dmVyeXNhZmU\"", "dmVyeXNhZmU=\"");
    let config = given(&file, &[], &[]).unwrap();
    assert_eq!(
        config.secret.as_deref(),
        Some(&b"reallyreallyreallyreallyverysafe"[..])
    );
    let again = given(&config.dump(), &[], &[]).unwrap();
    assert_eq!(config.dump(), again.dump());
    assert!(
        config
            .dump()
            .contains("db-tx-end = \"rollback-allow-override\"\n")
    );
}

#[test]
fn older_names_still_work() {
    let file = "db-schema = \"s\"\nmax-rows = 5\npre-request = \"f\"\nroot-spec = \"r\"\n\
                role-claim-key = \"$$.r\"\nsecret-is-base64 = true\ndb-pool-timeout = 7";
    let config = given(file, &[], &[]).unwrap();
    assert_eq!(config.schemas, ["s"]);
    assert_eq!(config.max_rows, Some(5));
    assert_eq!(config.pre_request.unwrap().name, "f");
    assert_eq!(config.root_spec.unwrap().name, "r");
    assert_eq!(config.role_claim.dump(), "$$.r");
    assert!(config.secret_is_base64);
    assert_eq!(config.pool_max_idletime, 7);
}

#[test]
fn booleans_and_numbers_as_texts() {
    let flag = |text: &str| {
        let config = given("", &[("PGRST_DB_PLAN_ENABLED", text)], &[]).unwrap();
        (config.plan_enabled, config.warnings.len())
    };
    for (text, read) in [
        ("true", (true, 0)),
        ("TRUE", (true, 0)),
        ("\"true\"", (true, 0)),
        ("1", (true, 0)),
        ("0", (false, 0)),
        ("yes", (false, 1)),
        ("", (false, 0)),
    ] {
        assert_eq!(flag(text), read, "{text}");
    }
    let config = given("db-pool = \"many\"\nserver-port = \"4000\"", &[], &[]).unwrap();
    assert_eq!((config.pool, config.server.port), (10, Some(4000)));
    assert_eq!(config.warnings.len(), 1);
    let config = given("", &[("PGRST_JWT_CACHE_MAX_ENTRIES", "-1")], &[]).unwrap();
    assert_eq!(config.jwt_cache_entries, 0);
}

#[test]
fn secrets_and_addresses_out_of_files() {
    let file = "jwt-secret = \"@secret\"\ndb-uri = \"@uri\"";
    let config = given(file, &[], &[]).unwrap();
    assert_eq!(
        config.secret.as_deref(),
        Some(&b"a secret out of a file, long enough"[..])
    );
    assert_eq!(config.uri, "postgres://from/file");
    let error = given("jwt-secret = \"@none\"", &[], &[]).err().unwrap();
    assert!(
        error.to_string().starts_with("jwt-secret: none: "),
        "{error}"
    );
}

#[test]
fn settings_of_the_application() {
    let file = "app.settings.one = \"1\"\napp.settings.two = 2\napp.settings.deep.er = \"3\"";
    let config = given(file, &[("PGRST_APP_SETTINGS_ONE_MORE", "x")], &[]).unwrap();
    let names: Vec<&str> = config
        .app_settings
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "app.settings.ONE_MORE",
            "app.settings.one",
            "app.settings.two"
        ]
    );
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (file, word) in [
        ("log-level = \"loud\"", "log-level"),
        ("openapi-mode = \"x\"", "openapi-mode"),
        ("db-tx-end = \"x\"", "db-tx-end"),
        ("client-error-verbosity = \"x\"", "client-error-verbosity"),
        ("db-schemas = \"a, pg_catalog\"", "'pg_catalog'"),
        ("server-unix-socket-mode = \"x\"", "not an octal"),
        ("server-unix-socket-mode = \"400\"", "between 600 and 777"),
        ("admin-server-port = 3000", "admin-server-port"),
        ("openapi-server-proxy-uri = \"example\"", "proxy uri"),
        ("jwt-aud = \"not: a uri\"", "jwt-aud"),
        ("jwt-role-claim-key = \"role\"", "jwt-role-claim-key"),
        ("jwt-secret = \"short\"", "at least 32"),
        ("server-trace-header = \"a b\"", "server-trace-header"),
        ("a = ", "postgrest.conf:1:"),
    ] {
        let error = given(file, &[], &[]).err().unwrap().to_string();
        assert!(error.contains(word), "{file}: {error}");
    }
    let config = given("db-shcema = \"x\"", &[("PGRST_DB_POOOL", "1")], &[]).unwrap();
    assert_eq!(config.warnings.len(), 2, "{:?}", config.warnings);
}
