import { Archive, CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "@/api/apps";
import { usePgList } from "@/api/pg";
import { Badge, Spinner } from "@/components/ui/base";
import { CopyButton, Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { bytes, count, time } from "@/lib/format";
import { factsSql, slotsSql, type DatabaseFacts, type Slot } from "@/lib/sql/maintenance";

/** What there is to back up, what protects it now, and how to take a dump by hand. */
export function BackupsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const app = useApp(ref);
  const facts = usePgList<DatabaseFacts>(ref, ["facts"], factsSql());
  const slots = usePgList<Slot>(ref, ["slots"], slotsSql(), { refetchInterval: 10_000 });
  const f = facts.data?.[0];
  return (
    <Page>
      <PageHead title={t("nav.pages.database.backups")} description={t("backups.description")} />
      <div className="space-y-4">
        <Card flush>
          <Empty icon={<Archive size={30} />} title={t("backups.none")}>
            {t("backups.noneHelp")}
          </Empty>
        </Card>
        <Card title={t("backups.byHand")}>
          <div className="space-y-3 text-sm">
            <p className="text-muted">{t("backups.byHandHelp")}</p>
            <Command text={`pg_dump --no-owner --schema public --file ${ref}.sql "$DB_URL"`} />
            <Command text={`psql "$DB_URL" --file ${ref}.sql`} />
            <p className="text-xs text-muted">{t("backups.restoreHelp")}</p>
          </div>
        </Card>
        <Card title={t("backups.facts")} flush>
          {facts.isError ? (
            <ErrorBox error={facts.error} className="m-4" onRetry={() => void facts.refetch()} />
          ) : !f ? (
            <Spinner />
          ) : (
            <dl className="divide-y text-sm">
              <Fact name={t("backups.databaseSize")}>{bytes(f.size)}</Fact>
              <Fact name={t("backups.storageSize")}>{bytes(app.data?.storage_size)}</Fact>
              <Fact name={t("backups.tables")}>{count(f.tables)}</Fact>
              <Fact name="PostgreSQL">{f.version}</Fact>
              <Fact name={t("backups.startedAt")}>{time(f.started_at)}</Fact>
              <Fact name={t("backups.wal")}>
                <span className="font-mono text-xs">{[f.lsn, `wal_level = ${f.wal_level}`].filter(Boolean).join(" · ")}</span>
              </Fact>
              <Fact name={t("backups.archiving")}>
                {f.archive_mode === "off" ? (
                  <Badge tone="warn">
                    <TriangleAlert size={12} className="mr-1" />
                    {t("backups.archivingOff")}
                  </Badge>
                ) : (
                  <Badge tone="ok">
                    <CircleCheck size={12} className="mr-1" />
                    {`archive_mode = ${f.archive_mode}`}
                  </Badge>
                )}
              </Fact>
            </dl>
          )}
        </Card>
        <Card title={t("backups.slots")} flush>
          {slots.isPending ? (
            <Spinner />
          ) : slots.isError ? (
            <ErrorBox error={slots.error} className="m-4" onRetry={() => void slots.refetch()} />
          ) : (
            <ListTable
              rows={slots.data}
              rowKey={(s) => s.name}
              empty={<p className="p-4 text-sm text-muted">{t("backups.noSlots")}</p>}
              columns={[
                { id: "name", head: t("common.name"), cell: (s) => <span className="font-mono text-xs break-all">{s.name}</span> },
                { id: "state", head: t("users.state"), cell: (s) => <Badge tone={s.active ? "ok" : "neutral"}>{s.active ? t("backups.slotActive") : t("backups.slotIdle")}</Badge> },
                { id: "status", head: "WAL", cell: (s) => <span className="font-mono text-xs">{s.status}</span> },
                { id: "kept", head: t("backups.slotKept"), className: "text-right", cell: (s) => <span className="tabular-nums">{bytes(s.kept)}</span> },
              ]}
            />
          )}
        </Card>
      </div>
    </Page>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 px-4 py-2 sm:grid-cols-[220px_minmax(0,1fr)]">
      <dt className="text-muted">{name}</dt>
      <dd className="tabular-nums">{children}</dd>
    </div>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className="flex items-center gap-2 rounded-md border bg-bg py-1 pr-1 pl-3">
      <code className="scroll-thin min-w-0 flex-1 overflow-x-auto font-mono text-xs whitespace-nowrap">{text}</code>
      <CopyButton text={text} compact />
    </div>
  );
}
