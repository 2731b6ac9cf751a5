import { Eye } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useSecrets } from "@/api/apps";
import { SettingsCard, type SettingKind, type SettingSpec } from "@/components/settings-form";
import { Button } from "@/components/ui/base";
import { CopyButton, ErrorBox } from "@/components/ui/feedback";
import { Card, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";

const groups = {
  api: { schemas: "list", extra_search_path: "list", max_rows: "optionalNumber", pre_request: "optionalText" },
  storage: { file_size_limit: "megabytes" },
  realtime: {
    private_only: "bool",
    max_concurrent_users: "number",
    max_channels_per_client: "number",
    max_joins_per_second: "number",
    max_events_per_second: "number",
    max_payload_bytes: "number",
    resume_window_seconds: "number",
    resume_window_bytes: "number",
  },
} as const;

export function SettingsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const app = useApp(ref);
  const specs = <G extends keyof typeof groups>(group: G): SettingSpec[] =>
    Object.entries(groups[group]).map(([key, kind]) => ({
      section: group,
      key,
      kind: kind as SettingKind,
      label: t(`settings.${group}.${key}` as "settings.api.schemas"),
      help: t(`settings.${group}.${key}_help` as "settings.api.schemas_help"),
      unit: kind === "megabytes" ? "MB" : undefined,
    }));
  return (
    <Page>
      <PageHead title={t("nav.settings")} description={t("settings.description")} />
      <div className="space-y-4">
        <Card title={t("settings.general")} flush>
          <dl className="divide-y">
            {[
              [t("apps.name"), app.data?.name ?? ""],
              [t("apps.ref"), ref],
              ["URL", app.data?.url ?? ""],
            ].map(([k, v]) => (
              <div key={k} className="flex items-center gap-4 px-4 py-2.5">
                <dt className="w-32 shrink-0 text-muted">{k}</dt>
                <dd className="min-w-0 flex-1 truncate font-mono text-xs">{v}</dd>
                <CopyButton compact text={v ?? ""} />
              </div>
            ))}
          </dl>
        </Card>
        <Connection />
        <SettingsCard title={t("settings.groups.api")} specs={specs("api")} />
        <SettingsCard title={t("settings.groups.storage")} specs={specs("storage")} />
        <SettingsCard title={t("settings.groups.realtime")} specs={specs("realtime")} />
      </div>
    </Page>
  );
}

/** The database's own address, in the forms that drivers want. */
function Connection() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [shown, setShown] = useState(false);
  const secrets = useSecrets(ref, shown);
  const url = secrets.data?.db_url ?? "";
  return (
    <Card title={t("settings.connection")} flush>
      <p className="px-4 pt-3 text-xs text-muted">{t("settings.connectionHelp")}</p>
      {shown && secrets.data ? (
        <div className="divide-y">
          {[...forms(url), { name: t("settings.jwtSecret"), value: secrets.data.jwt_secret }].map((f) => (
            <div key={f.name} className="flex items-center gap-4 px-4 py-2.5">
              <span className="w-32 shrink-0 text-muted">{f.name}</span>
              <code className="min-w-0 flex-1 font-mono text-xs break-all">{f.value}</code>
              <CopyButton compact text={f.value} />
            </div>
          ))}
        </div>
      ) : (
        <div className="space-y-2 p-4">
          <Button icon={<Eye size={14} />} busy={shown && secrets.isFetching} onClick={() => (shown ? void secrets.refetch() : setShown(true))}>
            {t("settings.showConnection")}
          </Button>
          {shown && <ErrorBox error={secrets.error} />}
        </div>
      )}
    </Card>
  );
}

function forms(url: string): { name: string; value: string }[] {
  try {
    const u = new URL(url);
    const user = decodeURIComponent(u.username);
    const password = decodeURIComponent(u.password);
    const name = u.pathname.slice(1);
    const port = u.port || "5432";
    return [
      { name: "URI", value: url },
      { name: "psql", value: `psql "${url}"` },
      { name: "JDBC", value: `jdbc:postgresql://${u.hostname}:${port}/${name}?user=${encodeURIComponent(user)}&password=${encodeURIComponent(password)}` },
      { name: ".NET", value: `Host=${u.hostname};Port=${port};Database=${name};Username=${user};Password=${password}` },
      { name: "Go", value: `host=${u.hostname} port=${port} dbname=${name} user=${user} password=${password}` },
      { name: "PHP", value: `pgsql:host=${u.hostname};port=${port};dbname=${name};user=${user};password=${password}` },
    ];
  } catch {
    return [{ name: "URI", value: url }];
  }
}
