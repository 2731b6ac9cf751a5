//! What the instant API can be told. Built from an application's settings, or from PostgREST's
//! own variables where it runs alone.

use hearth_apps::settings::ApiSettings;

/// What the root path answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenApiMode {
    /// What the caller's role may see.
    FollowPrivileges,
    /// Everything in the schema.
    IgnorePrivileges,
    /// Nothing.
    Disabled,
}

/// A function, by name or with its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    /// Its schema; none: by the search path.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

impl FunctionName {
    /// Reads `schema.name` or `name`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) => Self {
                schema: Some(schema.to_owned()),
                name: name.to_owned(),
            },
            None => Self {
                schema: None,
                name: text.to_owned(),
            },
        }
    }
}

/// The instant API's configuration. Names follow PostgREST's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestConfig {
    /// `db-schemas`
    pub schemas: Vec<String>,
    /// `db-extra-search-path`
    pub extra_search_path: Vec<String>,
    /// `db-anon-role`
    pub anon_role: String,
    /// `db-max-rows`
    pub max_rows: Option<u64>,
    /// `db-pre-request`
    pub pre_request: Option<FunctionName>,
    /// `db-root-spec`
    pub root_spec: Option<String>,
    /// `db-aggregates-enabled`
    pub aggregates: bool,
    /// `db-plan-enabled`
    pub plan_enabled: bool,
    /// `db-tx-end`: `tx=` is heeded.
    pub tx_allow_override: bool,
    /// `db-tx-end`: everything is rolled back.
    pub tx_rollback_all: bool,
    /// `db-hoisted-tx-settings`
    pub hoisted_settings: Vec<String>,
    /// `openapi-mode`
    pub openapi_mode: OpenApiMode,
    /// `openapi-security-active`
    pub openapi_security: bool,
    /// `openapi-server-proxy-uri`
    pub openapi_proxy: Option<String>,
    /// `client-error-verbosity` is `minimal`.
    pub terse_errors: bool,
    /// `server-timing-enabled`
    pub server_timing: bool,
    /// `url-use-legacy-target-names`
    pub legacy_target_names: bool,
    /// `app.settings.*`: set for each transaction, names in full.
    pub app_settings: Vec<(String, String)>,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            extra_search_path: vec!["public".to_owned()],
            anon_role: "anon".to_owned(),
            max_rows: None,
            pre_request: None,
            root_spec: None,
            aggregates: false,
            plan_enabled: false,
            tx_allow_override: false,
            tx_rollback_all: false,
            hoisted_settings: [
                "statement_timeout",
                "plan_filter.statement_cost_limit",
                "default_transaction_isolation",
            ]
            .map(str::to_owned)
            .to_vec(),
            openapi_mode: OpenApiMode::FollowPrivileges,
            openapi_security: false,
            openapi_proxy: None,
            terse_errors: false,
            server_timing: false,
            legacy_target_names: true,
            app_settings: Vec::new(),
        }
    }
}

impl RestConfig {
    /// The configuration that an application's settings stand for.
    pub fn of_app(settings: &ApiSettings) -> Self {
        Self {
            schemas: settings.schemas.clone(),
            extra_search_path: settings.extra_search_path.clone(),
            max_rows: settings.max_rows,
            pre_request: settings.pre_request.as_deref().map(FunctionName::parse),
            ..Self::default()
        }
    }

    /// Applies settings that stand in the database (`alter role authenticator set pgrst.…`), by
    /// their names without prefix. Unknown names and unreadable values change nothing.
    #[must_use]
    pub fn overridden(mut self, settings: &[(String, String)]) -> Self {
        fn flag(slot: &mut bool, value: &str) {
            match value.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "on" | "1" => *slot = true,
                "false" | "f" | "no" | "off" | "0" => *slot = false,
                _ => {}
            }
        }
        fn names(value: &str) -> Vec<String> {
            value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect()
        }
        let some = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        for (name, value) in settings {
            match name.as_str() {
                "db_schemas" => {
                    let schemas = names(value);
                    let internal = |s: &String| s == "pg_catalog" || s == "information_schema";
                    if !schemas.iter().any(internal) {
                        self.schemas = schemas;
                    }
                }
                "db_extra_search_path" => {
                    self.extra_search_path = if value.is_empty() {
                        Vec::new()
                    } else {
                        names(value)
                    };
                }
                "db_anon_role" => self.anon_role.clone_from(value),
                "db_max_rows" => self.max_rows = value.parse().ok(),
                "db_pre_request" => {
                    self.pre_request = some(value).as_deref().map(FunctionName::parse);
                }
                "db_root_spec" => {
                    self.root_spec = some(value).map(|text| FunctionName::parse(&text).name);
                }
                "db_aggregates_enabled" => flag(&mut self.aggregates, value),
                "db_plan_enabled" => flag(&mut self.plan_enabled, value),
                "db_tx_end" => {
                    self.tx_rollback_all = value.starts_with("rollback");
                    self.tx_allow_override = value.ends_with("allow-override");
                }
                "db_hoisted_tx_settings" => self.hoisted_settings = names(value),
                "openapi_mode" => match value.as_str() {
                    "follow-privileges" => self.openapi_mode = OpenApiMode::FollowPrivileges,
                    "ignore-privileges" => self.openapi_mode = OpenApiMode::IgnorePrivileges,
                    "disabled" => self.openapi_mode = OpenApiMode::Disabled,
                    _ => {}
                },
                "openapi_security_active" => flag(&mut self.openapi_security, value),
                "openapi_server_proxy_uri" => self.openapi_proxy = some(value),
                "client_error_verbosity" => self.terse_errors = value == "minimal",
                "server_timing_enabled" => flag(&mut self.server_timing, value),
                "url_use_legacy_target_names" => flag(&mut self.legacy_target_names, value),
                _ => {}
            }
        }
        self
    }

    /// `search_path` for a request about `schema`.
    pub fn search_path(&self, schema: &str) -> String {
        let mut path = hearth_pg::identifier::quote(schema);
        for extra in &self.extra_search_path {
            path.push_str(", ");
            hearth_pg::identifier::push_quoted(&mut path, extra);
        }
        path
    }
}
