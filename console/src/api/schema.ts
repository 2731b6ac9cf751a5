/* Made by api-types.mjs out of openapi.json. Not to be edited. */

export interface Administrator {
  /** Which applications they may see; none: all. */
  apps: string[] | null;
  /**
   * When they were added.
   * @format date-time
   */
  created_at: string;
  /** What they may do. */
  role: Role;
  /** The name to sign in with. */
  username: string;
}

/** What is to change of an administrator; what is absent stays. */
export interface AdministratorChange {
  /** Absent: as before; null: all. */
  apps?: string[] | null;
  current_password?: string | null;
  password?: string | null;
  role?: null | Role;
}

/** Another name. */
export interface AppChange {
  name: string;
}

/** An application with what its clients need. */
export type AppDetail = AppSummary & {
  anon_key: string;
  publishable_key: string;
  /** For clients. */
  url: string;
};

/** What bypasses policies, and how to connect to the database. */
export interface AppSecrets {
  /** As the application's owner role. */
  db_url: string;
  jwt_secret: string;
  secret_key: string;
  service_role_key: string;
}

/** An application in a list. */
export interface AppSummary {
  /** @format int64 */
  connections: number | null;
  /** @format date-time */
  created_at: string;
  /**
   * In bytes.
   * @format int64
   */
  database_size: number | null;
  /** Requests that name no application are for it. */
  is_default: boolean;
  name: string;
  /** Part of its address. */
  ref: string;
  /** Whether an application answers. */
  state: AppSummaryState;
  /**
   * In bytes.
   * @format int64
   */
  storage_size: number | null;
}

/** Whether an application answers. */
export type AppSummaryState = "active" | "paused";

/** What an administrator did. */
export interface AuditEntry {
  /** `app.create`, `secrets.read` … */
  action: string;
  /** From where. */
  address: string;
  /** In which application. */
  app: string | null;
  /** @format date-time */
  at: string;
  details: object;
  /** @format int64 */
  id: number;
  username: string;
}

/** The application's reference, typed once more. */
export interface Confirmation {
  confirm?: string;
}

/** What is typed into the sign-in form. */
export interface Credentials {
  password?: string;
  username?: string;
}

/** A file of Hearth's. */
export interface HearthMigration {
  /** @format date-time */
  applied_at: string;
  name: string;
  /**
   * 0 for functions and views, which are applied again when their text changes.
   * @format int32
   */
  number: number;
  service: string;
}

/** One entry of a log. */
export interface LogEntry {
  /** @format date-time */
  at: string;
  /** More about it, by source. */
  details: Partial<Record<string, any>>;
  /** Tells it apart from the others of its source. */
  id: string;
  /** How bad an entry is. */
  level: LogLevel;
  /** In one line, or several. */
  message: string;
  /** `rest`, `auth`, `storage`, `realtime`, `pg`, `gateway` or `postgres`. */
  service: string;
}

/** How bad an entry is. */
export type LogLevel = "info" | "warning" | "error";

/** A script, as postgres-meta takes it. */
export interface MetaQuery {
  parameters?: any[] | null;
  query?: string;
}

/** Both histories, newest first. */
export interface Migrations {
  hearth: HearthMigration[];
  /** None where the Supabase CLI has never been used here. */
  supabase: SupabaseMigration[] | null;
}

/** A new administrator. */
export interface NewAdministrator {
  apps?: string[] | null;
  password: string;
  /** What an administrator may do. */
  role: Role;
  username: string;
}

/** A new application. */
export interface NewApp {
  name: string;
  /** Random if absent. */
  ref?: string | null;
  /** `empty`, `chatroom` … */
  template?: string | null;
}

/** A query to be saved. */
export interface QueryText {
  name: string;
  sql: string;
}

/** What every answer beyond 399 says. */
export interface Refusal {
  /** For programs: `app_not_found`, or a code of PostgreSQL's. */
  code: string;
  details?: string | null;
  hint?: string | null;
  /** For people, in the language of `Accept-Language`. */
  message: string;
  /**
   * Of an error in SQL: the character, from 1.
   * @format int32
   * @min 0
   */
  position?: number | null;
}

/** A report. */
export interface Report {
  /** @format date-time */
  from: string;
  /** Oldest first; steps in which nothing happened are left out. */
  series: ReportStep[];
  /**
   * Length of a step.
   * @format int64
   */
  step_seconds: number;
  /** @format date-time */
  to: string;
}

/** What happened in one step. */
export interface ReportStep {
  /**
   * @format int64
   * @min 0
   */
  latency_p50_ms: number | null;
  /**
   * @format int64
   * @min 0
   */
  latency_p95_ms: number | null;
  /**
   * @format int64
   * @min 0
   */
  latency_p99_ms: number | null;
  /** @format date-time */
  at: string;
  /**
   * Measured last within the step or before it.
   * @format int64
   */
  connections: number | null;
  /**
   * In bytes.
   * @format int64
   */
  database_size: number | null;
  /**
   * Answers with 500 and beyond.
   * @format int64
   * @min 0
   */
  errors: number;
  /**
   * Answers with 400 to 499.
   * @format int64
   * @min 0
   */
  refused: number;
  /**
   * @format int64
   * @min 0
   */
  requests: number;
  /**
   * Its length: what is remembered of the time before the last start is coarser.
   * @format int64
   */
  seconds: number;
  /** Requests by service. */
  services: Partial<Record<string, number>>;
  /**
   * In bytes.
   * @format int64
   */
  storage_size: number | null;
}

/** What an administrator may do. */
export type Role = "owner" | "developer" | "viewer";

/** What a script came to. */
export interface RunAnswer {
  /**
   * @format int64
   * @min 0
   */
  duration_ms: number;
  notices: RunNotice[];
  results: RunResult[];
}

/** A column. */
export interface RunField {
  name: string;
  type: string;
}

/** What the server said beside. */
export interface RunNotice {
  code: string;
  detail: string | null;
  hint: string | null;
  message: string;
  severity: string;
}

/** A script. */
export interface RunRequest {
  /**
   * Of each result.
   * @min 0
   */
  max_rows?: number | null;
  /** `postgres`: the owner; or `anon`, `authenticated`, `service_role`. */
  role?: string | null;
  /** To cancel it by. */
  run_id?: string | null;
  sql?: string;
  /**
   * @format int64
   * @min 0
   */
  timeout_ms?: number | null;
  /** Whose token an `authenticated` one has. */
  user_id?: string | null;
}

/** What one of its statements came to. */
export interface RunResult {
  /** `SELECT`, `CREATE TABLE` … */
  command: string;
  fields: RunField[];
  /**
   * @format int64
   * @min 0
   */
  row_count: number | null;
  /** In the order of the fields. */
  rows: any[][];
  /** There were more rows than wanted. */
  truncated: boolean;
}

/** A saved query. */
export interface SavedQuery {
  id: string;
  name: string;
  sql: string;
  /** @format date-time */
  updated_at: string;
  /** Who saved it last. */
  username: string;
}

/** A session. */
export interface Session {
  /** Who has signed in. */
  user: SessionUser;
}

/** Who has signed in. */
export interface SessionUser {
  /** References of the applications they may see; null: all. */
  apps: string[] | null;
  /** What an administrator may do. */
  role: Role;
  username: string;
}

/** What is known of the reader and its replication slot. */
export interface StreamReport {
  /** Everything before this position of the log has been delivered. */
  delivered: string;
  /** Why it does not stream, in words, where it tried and could not. */
  failure?: string | null;
  /**
   * Bytes in memory for clients that resume.
   * @min 0
   */
  kept_bytes: number;
  /**
   * Bytes of the log that are yet to be read.
   * @format int64
   * @min 0
   */
  lag_bytes?: number | null;
  /**
   * How often PostgreSQL gave the slot up, or somebody dropped it, and what was between was lost.
   * @format int32
   * @min 0
   */
  losses: number;
  /**
   * When that happened last.
   * @format date-time
   */
  lost_at?: string | null;
  /**
   * Bytes of the log that PostgreSQL keeps for the slot.
   * @format int64
   * @min 0
   */
  retained_wal_bytes?: number | null;
  /**
   * Bytes that may be written before PostgreSQL gives the slot up; none where there is no bound.
   * @format int64
   * @min 0
   */
  safe_wal_bytes?: number | null;
  /** The replication slot. */
  slot: string;
  /**
   * Open sockets of the application.
   * @min 0
   */
  sockets: number;
  /** What the reader does. */
  state: StreamState;
  /**
   * Subscriptions to changes, and to broadcasts of those who resume.
   * @min 0
   */
  subscriptions: number;
  /**
   * Topics with members.
   * @min 0
   */
  topics: number;
}

/** What the reader does. */
export type StreamState = "stopped" | "connecting" | "streaming";

/** A row of `supabase_migrations.schema_migrations`. */
export interface SupabaseMigration {
  name: string;
  statements: string[];
  version: string;
}

/** A token that stands in for a user. */
export interface UserToken {
  access_token: string;
  /**
   * In seconds.
   * @format int64
   */
  expires_in: number;
}
