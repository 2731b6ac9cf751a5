//! `db-uri`: PostgreSQL's connection strings, as libpq reads them. What tokio-postgres does not
//! know is translated, or refused by its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hearth_pg::tls::{roots_of, system_roots};
use hearth_pg::{Target, Tls};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

/// The name that connections go by, unless the connection string has one.
const APPLICATION_NAME: &str = "PostgREST 16.1";
/// Where PostgreSQL's sockets are, as builds of libpq have it.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings that stay as they are: tokio-postgres knows them.
const PASSED: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "channel_binding",
    "load_balance_hosts",
    "sslnegotiation",
];

/// What the surroundings give: variables, and files.
pub struct Surroundings<'a> {
    /// An environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a file exists.
    pub exists: &'a dyn Fn(&Path) -> bool,
    /// The user of the operating system.
    pub user: Option<String>,
}

/// Reads a connection string; what it leaves out comes from `around`.
///
/// # Errors
/// In words, without the password, where it cannot be read or asks for what is not possible.
pub fn parse(text: &str, around: &Surroundings<'_>) -> Result<Target, String> {
    let mut settings = if is_uri(text) {
        of_uri(text)?
    } else if text.contains('=') {
        of_pairs(text)?
    } else {
        // As libpq: a text that is neither is the database's name.
        vec![("dbname".to_owned(), text.to_owned())]
    };
    settings.retain(|(_, value)| !value.is_empty());
    let defaults = [
        ("host", "PGHOST"),
        ("hostaddr", "PGHOSTADDR"),
        ("port", "PGPORT"),
        ("dbname", "PGDATABASE"),
        ("user", "PGUSER"),
        ("password", "PGPASSWORD"),
        ("passfile", "PGPASSFILE"),
        ("service", "PGSERVICE"),
        ("options", "PGOPTIONS"),
        ("application_name", "PGAPPNAME"),
        ("sslmode", "PGSSLMODE"),
        ("sslrootcert", "PGSSLROOTCERT"),
        ("sslcert", "PGSSLCERT"),
        ("sslkey", "PGSSLKEY"),
        ("connect_timeout", "PGCONNECT_TIMEOUT"),
        ("channel_binding", "PGCHANNELBINDING"),
        ("target_session_attrs", "PGTARGETSESSIONATTRS"),
        ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ];
    for (name, variable) in defaults {
        let given = settings.iter().any(|(known, _)| known == name);
        if let Some(value) = (around.variable)(variable).filter(|value| !given && !value.is_empty())
        {
            settings.push((name.to_owned(), value));
        }
    }
    target(settings, around)
}

fn is_uri(text: &str) -> bool {
    text.starts_with("postgresql://") || text.starts_with("postgres://")
}

type Settings = Vec<(String, String)>;

/// `postgresql://user:password@host:port,host/database?name=value`
fn of_uri(text: &str) -> Result<Settings, String> {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    // A question mark may stand in the password.
    let (user, rest) = match rest.split_once('@') {
        Some((user, rest)) if !user.contains('/') => (Some(user), rest),
        _ => (None, rest),
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = address.split_once('/').unwrap_or((address, ""));
    let mut settings = Settings::new();
    if let Some(user) = user {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        settings.push(("user".to_owned(), decoded(name)?));
        settings.push(("password".to_owned(), decoded(password)?));
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(v6) => {
                let (name, after) = v6.split_once(']').ok_or("a ']' is missing")?;
                (name, after.strip_prefix(':').unwrap_or_default())
            }
            None => host.rsplit_once(':').unwrap_or((host, "")),
        };
        names.push(decoded(name)?);
        ports.push(port);
    }
    if !hosts.is_empty() {
        settings.push(("host".to_owned(), names.join(",")));
        if ports.iter().any(|port| !port.is_empty()) {
            let ports: Vec<&str> = ports
                .iter()
                .map(|port| if port.is_empty() { "5432" } else { port })
                .collect();
            settings.push(("port".to_owned(), ports.join(",")));
        }
    }
    settings.push(("dbname".to_owned(), decoded(database)?));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(format!("the parameter {pair:?} has no '='"));
        };
        put(&mut settings, decoded(name)?, decoded(value)?);
    }
    Ok(settings)
}

fn put(settings: &mut Settings, name: String, value: String) {
    // The old name of `sslmode=require`.
    let (name, value) = match (name.as_str(), value.as_str()) {
        ("ssl", "true") => ("sslmode".to_owned(), "require".to_owned()),
        _ => (name, value),
    };
    settings.retain(|(known, _)| *known != name);
    settings.push((name, value));
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "what is percent-encoded is no UTF-8".to_owned())?;
    Ok(decoded.into_owned())
}

/// `name=value name = 'a value'`
fn of_pairs(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once('=') else {
            return Err(format!("behind {:?} an '=' is missing", rest.trim()));
        };
        let (value, after) = pair_value(after.trim_start())?;
        put(&mut settings, name.trim().to_owned(), value);
        rest = after.trim_start();
    }
    Ok(settings)
}

fn pair_value(text: &str) -> Result<(String, &str), String> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    Ok((value, ""))
}

fn target(settings: Settings, around: &Surroundings<'_>) -> Result<Target, String> {
    let mut config = Vec::new();
    let (mut mode, mut roots) = ("prefer".to_owned(), None);
    let mut session = TargetSessionAttrs::Any;
    let mut fallback = APPLICATION_NAME.to_owned();
    for (name, value) in settings {
        match name.as_str() {
            "sslmode" => mode = value,
            "sslrootcert" => roots = Some(value),
            "fallback_application_name" => fallback = value,
            "target_session_attrs" => session = session_kind(&value)?,
            // The protocol speaks UTF-8; the rest changes nothing where it asks for nothing.
            "client_encoding" if matches!(value.as_str(), "auto" | "UTF8" | "utf8" | "UTF-8") => {}
            "gssencmode" if value != "require" => {}
            "sslcompression" | "sslsni" | "ssl_min_protocol_version" => {}
            name if PASSED.contains(&name) => config.push((name.to_owned(), value)),
            name => {
                return Err(format!(
                    "the connection parameter {name:?} is not supported by Hearth"
                ));
            }
        }
    }
    let has = |config: &Settings, name: &str| config.iter().any(|(known, _)| known == name);
    if !has(&config, "host") && !has(&config, "hostaddr") {
        config.push(("host".to_owned(), default_host(&config, around)));
    }
    if !has(&config, "user") {
        let user = around.user.clone().ok_or("there is no user")?;
        config.push(("user".to_owned(), user));
    }
    if !has(&config, "dbname") {
        let user = config.iter().find(|(name, _)| name == "user");
        let user = user.map(|(_, user)| user.clone()).unwrap_or_default();
        config.push(("dbname".to_owned(), user));
    }
    let text: Vec<String> = config
        .iter()
        .map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            format!("{name}='{value}'")
        })
        .collect();
    let mut config = text
        .join(" ")
        .parse::<Config>()
        .map_err(|error| hearth_pg::connect::describe(&error))?;
    if config.get_application_name().is_none() {
        config.application_name(fallback);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    config.target_session_attrs(session);
    let (mode, tls) = tls(&mode, roots.as_deref(), around)?;
    config.ssl_mode(mode);
    Ok(Target { config, tls })
}

fn session_kind(value: &str) -> Result<TargetSessionAttrs, String> {
    match value {
        "any" => Ok(TargetSessionAttrs::Any),
        // A primary accepts writes unless it is told otherwise.
        "read-write" | "primary" => Ok(TargetSessionAttrs::ReadWrite),
        "read-only" | "standby" => Ok(TargetSessionAttrs::ReadOnly),
        other => Err(format!(
            "target_session_attrs={other} is not supported by Hearth"
        )),
    }
}

fn default_host(config: &Settings, around: &Surroundings<'_>) -> String {
    let port = config.iter().find(|(name, _)| name == "port");
    let port = port.map_or("5432", |(_, port)| port.as_str());
    let has_socket = |folder: &&str| {
        let socket = PathBuf::from(folder).join(format!(".s.PGSQL.{port}"));
        (around.exists)(&socket)
    };
    SOCKET_FOLDERS
        .into_iter()
        .find(has_socket)
        .unwrap_or("localhost")
        .to_owned()
}

/// What libpq's `sslmode` and `sslrootcert` mean.
fn tls(
    mode: &str,
    roots: Option<&str>,
    around: &Surroundings<'_>,
) -> Result<(SslMode, Tls), String> {
    let checked = |names: bool, roots: Option<&str>| -> Result<(SslMode, Tls), String> {
        let own = (around.variable)("HOME")
            .map(|home| format!("{home}/.postgresql/root.crt"))
            .filter(|file| (around.exists)(Path::new(file)));
        let roots = match roots.map(str::to_owned).or(own).as_deref() {
            None | Some("system") => system_roots(),
            Some(file) => roots_of(Path::new(file))
                .map_err(|reason| format!("sslrootcert: {file}: {reason}"))?,
        };
        let roots = Arc::new(roots);
        Ok((SslMode::Require, Tls::Roots { roots, names }))
    };
    match mode {
        "disable" => Ok((SslMode::Disable, Tls::Unverified)),
        "allow" | "prefer" => Ok((SslMode::Prefer, Tls::Unverified)),
        // As libpq: a root that is given is used.
        "require" if roots.is_some() => checked(roots == Some("system"), roots),
        "require" => Ok((SslMode::Require, Tls::Unverified)),
        "verify-ca" => checked(false, roots),
        "verify-full" => checked(true, roots),
        other => Err(format!("there is no sslmode {other:?}")),
    }
}

/// The connection string with `********` for its password, for logs.
pub fn without_password(text: &str) -> String {
    let Ok(settings) = (if is_uri(text) {
        of_uri(text)
    } else {
        of_pairs(text)
    }) else {
        return "********".to_owned();
    };
    let password = settings.iter().find(|(name, _)| name == "password");
    let Some((_, password)) = password.filter(|(_, password)| !password.is_empty()) else {
        return text.to_owned();
    };
    let encoded = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    text.replace(password.as_str(), "********")
        .replace(&encoded, "********")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Target, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        parse(
            text,
            &Surroundings {
                variable: &variable,
                exists: &|path| path == Path::new("/tmp/.s.PGSQL.5432"),
                user: Some("somebody".to_owned()),
            },
        )
    }

    #[test]
    fn addresses_keywords_and_variables() {
        let full = read(
            "postgres://auth:p%40ss?word@db.example:5433/app?application_name=x",
            &[("PGUSER", "other")],
        )
        .unwrap();
        let config = full.config;
        assert_eq!(config.get_user(), Some("auth"));
        assert_eq!(config.get_password(), Some(&b"p@ss?word"[..]));
        assert_eq!(config.get_hosts(), [Host::Tcp("db.example".to_owned())]);
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_dbname(), Some("app"));
        assert_eq!(config.get_application_name(), Some("x"));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);

        let pairs = "host=localhost port = 5433 user='it''s' password='a b\\'c' dbname=app";
        assert!(read(pairs, &[]).is_err(), "a quote ends a value");
        let pairs = "host=localhost port = 5433 user=auth password='a b\\'c' dbname=app";
        let config = read(pairs, &[]).unwrap().config;
        assert_eq!(config.get_password(), Some(&b"a b'c"[..]));
        assert_eq!(config.get_ports(), [5433]);

        let variables = [("PGHOST", "h"), ("PGUSER", "u"), ("PGPASSWORD", "p")];
        let config = read("postgresql://", &variables).unwrap().config;
        assert_eq!(config.get_hosts(), [Host::Tcp("h".to_owned())]);
        assert_eq!(config.get_user(), Some("u"));
        assert_eq!(config.get_dbname(), Some("u"));
        assert_eq!(config.get_application_name(), Some(APPLICATION_NAME));

        let config = read("postgresql://", &[]).unwrap().config;
        assert_eq!(config.get_hosts(), [Host::Unix("/tmp".into())]);
        assert_eq!(config.get_user(), Some("somebody"));
        let config = read("postgres://user@/app?host=/run/x", &[])
            .unwrap()
            .config;
        assert_eq!(config.get_hosts(), [Host::Unix("/run/x".into())]);
        let two = read(
            "postgres://one,two:5433/app?target_session_attrs=read-only",
            &[],
        );
        let config = two.unwrap().config;
        assert_eq!(config.get_ports(), [5432, 5433]);
        let v6 = read("postgres://[::1]:5433/app", &[]).unwrap().config;
        assert_eq!(v6.get_hosts(), [Host::Tcp("::1".to_owned())]);
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (text, word) in [
            ("postgres://h/d?sslcert=x", "sslcert"),
            ("postgres://h/d?service=x", "service"),
            ("postgres://h/d?sslmode=maybe", "maybe"),
            (
                "postgres://h/d?target_session_attrs=prefer-standby",
                "prefer-standby",
            ),
            (
                "postgres://h/d?sslmode=verify-full&sslrootcert=/none",
                "/none",
            ),
            ("postgres://h:port/d", "port"),
            ("postgres://h/d?novalue", "novalue"),
            ("host=h user='open", "quote"),
        ] {
            let error = read(text, &[]).err().unwrap();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn passwords_stay_out_of_logs() {
        assert_eq!(
            without_password("postgres://a:s3cret@h/d"),
            "postgres://a:********@h/d"
        );
        assert_eq!(without_password("postgres://h/d"), "postgres://h/d");
        assert_eq!(
            without_password("host=h password=x7"),
            "host=h password=********"
        );
    }
}
