import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { AppLayout } from "./components/shell/app-layout";
import { Root } from "./components/shell/root";
import { LoadFailed, NotFound, Pending } from "./components/shell/states";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: LoadFailed });

const apps = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/apps/apps"), "AppsPage"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("./pages/account/audit"), "AuditPage"),
});
const administrators = createRoute({
  getParentRoute: () => root,
  path: "/administrators",
  component: lazyRouteComponent(() => import("./pages/account/administrators"), "AdministratorsPage"),
});
const app = createRoute({ getParentRoute: () => root, path: "/app/$ref", component: AppLayout });

const sub = <const P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => app, path, component });

const home = sub("/", lazyRouteComponent(() => import("./pages/home/home"), "HomePage"));
const editor = createRoute({
  getParentRoute: () => app,
  path: "/editor",
  validateSearch: (s: Record<string, unknown>): { schema?: string; table?: string; new?: boolean; where?: string } => ({
    schema: typeof s["schema"] === "string" ? s["schema"] : undefined,
    table: s["table"] === undefined ? undefined : String(s["table"]),
    new: s["new"] === true ? true : undefined,
    // `column=value`: the row that a foreign key points at.
    where: s["where"] === undefined ? undefined : String(s["where"]),
  }),
  component: lazyRouteComponent(() => import("./pages/editor/editor"), "EditorPage"),
});
const sql = sub("/sql", lazyRouteComponent(() => import("./pages/sql/sql"), "SqlPage"));
const dbTables = sub("/database/tables", lazyRouteComponent(() => import("./pages/database/tables"), "TablesPage"));
const dbFunctions = sub("/database/functions", lazyRouteComponent(() => import("./pages/database/functions"), "FunctionsPage"));
const dbTriggers = sub("/database/triggers", lazyRouteComponent(() => import("./pages/database/triggers"), "TriggersPage"));
const dbExtensions = sub("/database/extensions", lazyRouteComponent(() => import("./pages/database/extensions"), "ExtensionsPage"));
const dbRoles = sub("/database/roles", lazyRouteComponent(() => import("./pages/database/roles"), "RolesPage"));
const dbIndexes = sub("/database/indexes", lazyRouteComponent(() => import("./pages/database/indexes"), "IndexesPage"));
const replication = sub("/database/replication", lazyRouteComponent(() => import("./pages/database/replication"), "ReplicationPage"));
const diagram = sub("/database/diagram", lazyRouteComponent(() => import("./pages/database/diagram/diagram"), "DiagramPage"));
const webhooks = sub("/database/webhooks", lazyRouteComponent(() => import("./pages/database/webhooks/webhooks"), "WebhooksPage"));
const migrations = sub("/database/migrations", lazyRouteComponent(() => import("./pages/database/migrations"), "MigrationsPage"));
const backups = sub("/database/backups", lazyRouteComponent(() => import("./pages/database/backups"), "BackupsPage"));
const users = sub("/auth/users", lazyRouteComponent(() => import("./pages/auth/users"), "UsersPage"));
const policies = sub("/auth/policies", lazyRouteComponent(() => import("./pages/auth/policies"), "PoliciesPage"));
const providers = sub("/auth/providers", lazyRouteComponent(() => import("./pages/auth/providers"), "ProvidersPage"));
const limits = sub("/auth/limits", lazyRouteComponent(() => import("./pages/auth/limits"), "LimitsPage"));
const templates = sub("/auth/templates", lazyRouteComponent(() => import("./pages/auth/templates"), "TemplatesPage"));
const mailbox = sub("/auth/mailbox", lazyRouteComponent(() => import("./pages/auth/mailbox"), "MailboxPage"));
const urls = sub("/auth/urls", lazyRouteComponent(() => import("./pages/auth/urls"), "UrlsPage"));
const hooks = sub("/auth/hooks", lazyRouteComponent(() => import("./pages/auth/hooks"), "HooksPage"));
const authSettings = sub("/auth/settings", lazyRouteComponent(() => import("./pages/auth/settings"), "AuthSettingsPage"));
const storage = createRoute({
  getParentRoute: () => app,
  path: "/storage",
  validateSearch: (s: Record<string, unknown>): { bucket?: string; path?: string; tab?: "policies" } => ({
    bucket: s["bucket"] === undefined ? undefined : String(s["bucket"]),
    path: s["path"] === undefined ? undefined : String(s["path"]),
    tab: s["tab"] === "policies" ? "policies" : undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/storage/storage"), "StoragePage"),
});
const realtime = sub("/realtime", lazyRouteComponent(() => import("./pages/realtime/realtime"), "RealtimePage"));
const reports = sub("/reports", lazyRouteComponent(() => import("./pages/reports/reports"), "ReportsPage"));
const logs = sub("/logs", lazyRouteComponent(() => import("./pages/logs/logs"), "LogsPage"));
const apiDocs = sub("/api", lazyRouteComponent(() => import("./pages/api-docs/api-docs"), "ApiDocsPage"));
const settings = sub("/settings", lazyRouteComponent(() => import("./pages/settings/settings"), "SettingsPage"));

const toFirst = (path: "/database" | "/auth", to: string) =>
  createRoute({
    getParentRoute: () => app,
    path,
    beforeLoad: ({ params }) => {
      throw redirect({ to: to as "/app/$ref/auth/users", params: { ref: (params as { ref: string }).ref } });
    },
  });

const tree = root.addChildren([
  apps,
  audit,
  administrators,
  app.addChildren([
    home,
    editor,
    sql,
    toFirst("/database", "/app/$ref/database/tables"),
    dbTables,
    dbFunctions,
    dbTriggers,
    dbExtensions,
    dbRoles,
    dbIndexes,
    replication,
    diagram,
    webhooks,
    migrations,
    backups,
    toFirst("/auth", "/app/$ref/auth/users"),
    users,
    policies,
    providers,
    limits,
    templates,
    mailbox,
    urls,
    hooks,
    authSettings,
    storage,
    realtime,
    apiDocs,
    reports,
    logs,
    settings,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: "/console",
  defaultPreload: "intent",
  defaultPendingComponent: Pending,
  defaultErrorComponent: LoadFailed,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
