export const operation = {
  logs: {
    description: "What happened in this application lately, newest first. Click a row for its details.", live: "Live", pause: "Pause", entry: "Log entry", copyJson: "Copy JSON", service: "Service", allServices: "All services", level: "Level", allLevels: "All levels", span: "Time", count: "{{count}} entries", count_one: "{{count}} entry",
    sources: { requests: "Requests", auth: "Auth", realtime: "Realtime", postgres: "PostgreSQL" },
    search: { requests: "Path, status, error code or request id", auth: "Action, e-mail or IP", realtime: "Channel, error code or IP", postgres: "Message" },
    levels: { warning: "Warnings and errors", error: "Errors only" }, badge: { info: "info", warning: "warning", error: "error" },
    spans: { "0": "Any time", "15": "Last 15 minutes", "60": "Last hour", "1440": "Last 24 hours" },
    empty: "Nothing logged yet", noMatch: "No entry matches", noMatchHelp: "Try another word, or widen level and time.", noServerLog: "PostgreSQL's log cannot be seen here",
    emptyHelp: {
      requests: "Requests of clients appear here. Send the first one with a snippet of the Home page.", auth: "Sign-ups, sign-ins, sign-outs and the like appear here.", realtime: "Connections, joins and refusals appear here.", postgres: "Errors that this application's database reports appear here: violated constraints, syntax errors and so on.",
    },
    kept: {
      requests: "The last 2000 requests are kept in memory until the server restarts. Query parameters are not recorded.", auth: "Out of auth.audit_log_entries in the application's database.", realtime: "The last 1000 events are kept in memory until the server restarts.", postgres: "Out of the log of Hearth's own PostgreSQL: only lines of this application's database.",
    },
  },
  reports: {
    description: "Requests, latencies, errors and usage of this application.", range: "Time", ranges: { "1h": "1 hour", "24h": "24 hours", "7d": "7 days" },
    empty: "No requests in this time", emptyHelp: "Once clients use this application, requests and latencies are shown here.",
    requests: "Requests", requestsHelp: "Per minute, by service", errors: "Errors", errorsHelp: "Refused (4xx) and failed (5xx) requests per minute", latency: "Latency", latencyHelp: "Half, 95 % and 99 % of the requests took no longer (milliseconds, upper bound of their class)", connections: "Database connections", database: "Database size", storage: "Storage size", refused: "Refused 4xx", failed: "Failed 5xx", perMinute: "{{count}} / min",
    total: "Requests", errorRate: "Failed", p95: "p95 of the slowest step", now: "Now", noSize: "Not measured yet", coarse: "One point every {{minutes}} minutes. Counts are kept for 8 days, over restarts too.", coarse_1h: "One point a minute; what was before the server's last start comes in steps of 5 minutes.",
  },
  diagram: { notNull: "not null", foreignKey: "foreign key", empty: "No tables in this schema yet", emptyHelp: "Tables, columns and foreign keys are drawn here once there are some.", createTable: "Create table" },
  webhooks: {
    description: "Hearth sends your server an HTTP request when a table changes.", create: "Create webhook", edit: "Edit {{name}}", saved: "Saved", empty: "No webhooks yet", emptyHelp: "Tell your server of each new message, for example, so that it can send a notification.",
    promise: "Requests go out after the transaction has committed, at least once: failures are tried again 7 times within about 4.5 hours; a request may, rarely, come twice, and order is not kept. Tell repetitions by the header x-hearth-delivery.",
    hook: "Webhook", events: "Events", target: "Target", method: "Method", urlHelp: "POST sends {type, table, schema, record, old_record}, as Supabase does. 2xx means success; redirects are not followed.", badUrl: "An address that begins with http:// or https://", headers: "Headers", addHeader: "Add header", params: "Query parameters", addParam: "Add parameter", value: "Value", timeout: "Timeout (ms)", timeoutHelp: "100 to 30000. No answer within it counts as a failure.", badTimeout: "100 to 30000",
    dropTitle: "Delete webhook {{name}}?", dropBody: "{{url}} will no longer hear of changes of {{table}}. What is queued already is still sent.", dropped: "Webhook deleted",
    deliveries: "Recent deliveries", deliveriesHelp: "The newest 100; finished ones are kept for 3 days", noDeliveries: "Nothing sent yet", noDeliveriesHelp: "Once a table with a webhook changes, requests and their outcome appear here.", delivery: "Delivery #{{id}}", createdAt: "Changed at", outcome: "Outcome", attempts: "Attempts", took: "Took", nextAt: "Next attempt", finishedAt: "Finished at", body: "Body", redeliver: "Send again", redelivered: "Queued again", states: { waiting: "waiting", delivered: "delivered", failed: "failed" },
  },
  migrations: {
    description: "How the database's structure came about.", own: "The application's", hearth: "Hearth's", empty: "No migrations recorded", emptyHelp: "After `supabase db push` of the Supabase CLI, migrations are recorded in supabase_migrations.schema_migrations and shown here.", statements: "Statements", appliedAt: "Applied at", number: "Number", repeatable: "function",
  },
  backups: {
    description: "What this application holds, and what protects it now.", none: "No automatic backups yet", noneHelp: "This version of Hearth takes no backups by itself. Export regularly with the commands below, and back up the server's data directory (copied while Hearth is stopped).", byHand: "Export by hand", byHandHelp: "Copy the connection string from Settings as DB_URL, and run on a machine with PostgreSQL's client programs:", restoreHelp: "The first exports structure and data of the schema public, the second restores it into an empty application. pg_dump must not be older than the server. Stored files are not part of it.",
    facts: "Database", databaseSize: "Size of the database", storageSize: "Stored files", tables: "Tables", startedAt: "PostgreSQL running since", wal: "Write-ahead log (WAL)", archiving: "WAL archiving", archivingOff: "Off: no recovery to a point in time", slots: "Replication slots", noSlots: "None. Realtime makes one when clients listen to changes.", slotActive: "active", slotIdle: "idle", slotKept: "WAL kept",
  },
};
