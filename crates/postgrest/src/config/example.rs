//! `--example`: a configuration file with every setting and what stands if it is left out.

/// The file.
pub const EXAMPLE: &str = r##"# Settings of `hearth rest`, the same as PostgREST's. What is left out stands as shown. Each may
# also be a variable (db-uri: PGRST_DB_URI), most also a setting in the database (db-schemas:
# pgrst.db_schemas); the database wins over variables, variables over this file.

## Database

# Where PostgreSQL is; what is left out comes from the variables of libpq (PGHOST, PGUSER ...).
# "@/path" takes it out of a file.
db-uri = "postgresql://"

# The schemas that are exposed, the first by default.
db-schemas = "public"

# Schemas behind them on every request's search path.
db-extra-search-path = "public"

# The role of requests without a token. Without it such requests are refused.
# db-anon-role = "anon"

# The most rows of an answer.
# db-max-rows = 1000

# A function that is called before each request's own statement.
# db-pre-request = "check_request"

# A function that answers the root path instead of the description.
# db-root-spec = "root"

# Aggregate functions in `select`.
db-aggregates-enabled = false

# Plans for `Accept: application/vnd.pgrst.plan`.
db-plan-enabled = false

# How transactions end: commit, commit-allow-override, rollback, rollback-allow-override.
db-tx-end = "commit"

# Settings of functions that hold for their whole transaction.
db-hoisted-tx-settings = "statement_timeout, plan_filter.statement_cost_limit, default_transaction_isolation"

# Settings in the database, and the function that makes them.
db-config = true
# db-pre-config = "postgrest.pre_config"

# Notifications that reload schema and configuration.
db-channel = "pgrst"
db-channel-enabled = true

## Connections

# The most of them.
db-pool = 10

# Seconds: how long a request waits for one, how long one lives, how long one stays unused.
db-pool-acquisition-timeout = 10
db-pool-max-lifetime = 1800
db-pool-max-idletime = 30

# Whether a lost database is waited for; otherwise the program ends.
db-pool-automatic-recovery = true

# Off where a pooler gives each transaction another session.
db-prepared-statements = true

## Tokens

# A passphrase of 32 characters or more, a JSON web key, or a set of them. "@/path" takes it out of
# a file.
# jwt-secret = "a passphrase that nobody can guess"
jwt-secret-is-base64 = false

# The audience that tokens must name, if they name any.
# jwt-aud = "https://example.com"

# Where the role stands in the claims (JSONPath; a dollar sign is written twice in this file).
jwt-role-claim-key = "$$.role"

# How many verified tokens are remembered; 0: none.
jwt-cache-max-entries = 1000

## Server

# An address, or one of "*", "*4", "!4", "*6", "!6": all addresses of both families (IPv4 or IPv6
# first), or of one.
server-host = "!4"
server-port = 3000

# A socket file goes before host and port.
# server-unix-socket = "/tmp/pgrst.sock"
# server-unix-socket-mode = "660"

# Several processes may listen on the port.
server-reuseport = false

# Origins that browsers may call from; all, if there are none.
# server-cors-allowed-origins = "https://example.com, https://www.example.com"

# A header that is sent back as it came.
# server-trace-header = "X-Request-Id"

# How long each stage took, in the header Server-Timing.
server-timing-enabled = false

# What errors say: verbose (code, message, details, hint) or minimal (code, message).
client-error-verbosity = "verbose"

# Filters, orders and limits may name an embedded table that has an alias.
url-use-legacy-target-names = true

## Health and metrics

# admin-server-host = "localhost"
# admin-server-port = 3001
# admin-server-unix-socket = "/tmp/pgrst-admin.sock"
# admin-server-unix-socket-mode = "660"

## Logs

# crit, error, warn, info or debug.
log-level = "error"

# The statements of logged requests, too.
log-query = false

## Description (OpenAPI)

# follow-privileges, ignore-privileges or disabled.
openapi-mode = "follow-privileges"
openapi-security-active = false

# The address that clients use.
# openapi-server-proxy-uri = "https://api.example.com/"

## Your own: current_setting('app.settings.name') in SQL.

# app.settings.name = "value"
"##;
