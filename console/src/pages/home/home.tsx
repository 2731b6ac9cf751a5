import { useQueries, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, Eye, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useSecrets, type AppDetail } from "@/api/apps";
import { Badge, Button } from "@/components/ui/base";
import { CopyButton, ErrorBox } from "@/components/ui/feedback";
import { Card, Page, PageHead, Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { bytes, count } from "@/lib/format";
import { writePref } from "@/lib/prefs";
import { reach } from "./reach";
import { domains, judge, snippets, type Client } from "./snippets";
import { Steps } from "./steps";

export function HomePage() {
  const ref = useAppRef();
  const app = useApp(ref);
  if (!app.data) return null;
  return <Home app={app.data} />;
}

function Home({ app }: { app: AppDetail }) {
  const { t } = useTranslation();
  return (
    <Page wide>
      <PageHead title={app.name} description={t("home.description")}>
        <div className="flex gap-4 text-xs text-muted">
          <span>
            {t("apps.database")} <b className="text-text tabular-nums">{bytes(app.database_size)}</b>
          </span>
          <span>
            {t("apps.storage")} <b className="text-text tabular-nums">{bytes(app.storage_size)}</b>
          </span>
          <span>
            {t("apps.connections")} <b className="text-text tabular-nums">{count(app.connections)}</b>
          </span>
        </div>
      </PageHead>
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_360px]">
        <div className="min-w-0 space-y-4">
          <Keys app={app} />
          <Snippets app={app} />
          <Domains app={app} />
        </div>
        <Steps appRef={app.ref} />
      </div>
    </Page>
  );
}

function KeyRow({ name, help, value, onCopied }: { name: string; help: string; value: string; onCopied?: () => void }) {
  return (
    <div className="grid gap-x-4 gap-y-1 px-4 py-3 md:grid-cols-[180px_minmax(0,1fr)]">
      <div>
        <div className="text-sm font-medium">{name}</div>
        <div className="text-xs text-muted">{help}</div>
      </div>
      <div className="flex min-w-0 items-center gap-2">
        <code className="min-w-0 flex-1 truncate rounded-md border bg-bg px-2.5 py-1.5 font-mono text-xs" title={value}>
          {value}
        </code>
        <CopyButton text={value} onCopied={onCopied} />
      </div>
    </div>
  );
}

function Keys({ app }: { app: AppDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [shown, setShown] = useState(false);
  const secrets = useSecrets(app.ref, shown);
  const copied = () => {
    writePref(`copied.${app.ref}`, true);
    void client.invalidateQueries({ queryKey: ["pg", app.ref, "tutorial"] });
  };
  return (
    <Card title={t("home.keys.title")} flush>
      <div className="divide-y">
        <KeyRow name={t("home.keys.url")} help={t("home.keys.urlHelp")} value={app.url} onCopied={copied} />
        <KeyRow name={t("home.keys.anon")} help={t("home.keys.anonHelp")} value={app.anon_key} onCopied={copied} />
        <KeyRow name={t("home.keys.publishable")} help={t("home.keys.publishableHelp")} value={app.publishable_key} onCopied={copied} />
        {shown && secrets.data ? (
          <>
            <KeyRow name={t("home.keys.service")} help={t("home.keys.serviceHelp")} value={secrets.data.service_role_key} />
            <KeyRow name={t("home.keys.secret")} help={t("home.keys.secretHelp")} value={secrets.data.secret_key} />
          </>
        ) : (
          <div className="space-y-2 px-4 py-3">
            <div className="flex flex-wrap items-center justify-between gap-2">
              <span className="text-sm text-muted">{t("home.keys.hidden")}</span>
              <Button size="sm" icon={<Eye size={14} />} busy={shown && secrets.isFetching} onClick={() => (shown ? void secrets.refetch() : setShown(true))}>
                {t("home.keys.show")}
              </Button>
            </div>
            {shown && <ErrorBox error={secrets.error} />}
          </div>
        )}
      </div>
      <p className="border-t px-4 py-2.5 text-xs text-muted">{t("home.keys.note")}</p>
    </Card>
  );
}

function Snippets({ app }: { app: AppDetail }) {
  const { t } = useTranslation();
  const [client, setClient] = useState<Client>("wechat");
  const all = snippets(app.url, app.anon_key);
  const s = all.find((x) => x.client === client) ?? all[0]!;
  return (
    <Card title={t("home.snippets.title")} flush>
      <div className="px-4">
        <Tabs value={client} onChange={setClient} tabs={all.map((x) => ({ value: x.client, label: x.name }))} />
      </div>
      <div className="space-y-3 p-4">
        <CodeBlock title={t("home.snippets.install")} code={s.install} />
        <CodeBlock title={s.file} code={s.code} />
      </div>
    </Card>
  );
}

export function CodeBlock({ title, code }: { title: string; code: string }) {
  return (
    <div className="overflow-hidden rounded-md border">
      <div className="flex items-center justify-between border-b bg-raised px-3 py-1">
        <span className="font-mono text-xs text-muted">{title}</span>
        <CopyButton text={code} compact />
      </div>
      <pre className="scroll-thin overflow-x-auto bg-bg p-3 font-mono text-xs leading-relaxed">{code}</pre>
    </div>
  );
}

function Domains({ app }: { app: AppDetail }) {
  const { t } = useTranslation();
  const verdict = judge(app.url);
  const lines = domains(app.url);
  const checks = useQueries({
    queries: lines.map((line) => ({ queryKey: ["alive", app.ref, line.kind], queryFn: () => reach(line.kind, app.ref, app.anon_key), retry: false, staleTime: 60_000 })),
  });
  const failed = checks.find((c) => c.isError);
  return (
    <Card title={t("home.domains.title")} flush>
      <div className="divide-y">
        {lines.map((d, i) => {
          const check = checks[i];
          return (
            <div key={d.kind} className="flex flex-wrap items-center gap-2 px-4 py-2">
              <span className="w-44 text-sm">{t(`home.domains.${d.kind}`)}</span>
              <code className="min-w-0 flex-1 truncate font-mono text-xs">{d.value}</code>
              {verdict === "ok" && check?.data ? (
                <Badge tone="ok">
                  <CircleCheck size={12} className="mr-1" />
                  {t("home.domains.ok")}
                </Badge>
              ) : check?.isError ? (
                <Badge tone="danger">
                  <TriangleAlert size={12} className="mr-1" />
                  {t("home.domains.dead")}
                </Badge>
              ) : (
                <Badge tone="warn">
                  <TriangleAlert size={12} className="mr-1" />
                  {t(`home.domains.short.${verdict}`)}
                </Badge>
              )}
              <CopyButton text={d.value} compact />
            </div>
          );
        })}
      </div>
      <p className="border-t px-4 py-2.5 text-xs text-muted">{t(`home.domains.help.${verdict}`)}</p>
      {failed && <ErrorBox error={failed.error} className="m-4" onRetry={() => checks.forEach((c) => void c.refetch())} />}
    </Card>
  );
}
