import { History } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMigrations, type Migrations } from "@/api/operation";
import { Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { Card, ListTable, Page, PageHead, Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";

const CodeEditor = lazy(() => import("@/components/code-editor"));

type Own = NonNullable<Migrations["supabase"]>[number];

/** What has been applied to the database: by Hearth, and by the Supabase CLI. */
export function MigrationsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const query = useMigrations(ref);
  const [tab, setTab] = useState<"own" | "hearth">("own");
  const [open, setOpen] = useState<Own | null>(null);
  return (
    <Page wide>
      <PageHead title={t("nav.pages.database.migrations")} description={t("migrations.description")} />
      <Card flush>
        <div className="px-3 pt-1 sm:px-4">
          <Tabs
            value={tab}
            onChange={setTab}
            tabs={[
              { value: "own", label: t("migrations.own") },
              { value: "hearth", label: t("migrations.hearth") },
            ]}
          />
        </div>
        {query.isPending ? (
          <Spinner />
        ) : query.isError ? (
          <ErrorBox error={query.error} className="m-4" onRetry={() => void query.refetch()} />
        ) : tab === "own" ? (
          <ListTable
            rows={query.data.supabase ?? []}
            rowKey={(m) => m.version}
            onRow={setOpen}
            empty={
              <Empty icon={<History size={30} />} title={t("migrations.empty")}>
                {t("migrations.emptyHelp")}
              </Empty>
            }
            columns={[
              { id: "version", head: t("extensions.version"), cell: (m) => <span className="font-mono tabular-nums">{m.version}</span> },
              { id: "name", head: t("common.name"), cell: (m) => <span className="font-mono">{m.name}</span> },
              { id: "count", head: t("migrations.statements"), className: "text-right", cell: (m) => <span className="tabular-nums">{m.statements.length}</span> },
            ]}
          />
        ) : (
          <ListTable
            rows={query.data.hearth}
            rowKey={(m) => `${m.service}/${m.number}/${m.name}`}
            columns={[
              { id: "at", head: t("migrations.appliedAt"), sort: (m) => m.applied_at, cell: (m) => <span className="whitespace-nowrap tabular-nums">{time(m.applied_at)}</span> },
              { id: "service", head: t("logs.service"), sort: (m) => m.service, cell: (m) => m.service },
              { id: "number", head: t("migrations.number"), cell: (m) => <span className="font-mono text-muted tabular-nums">{m.number > 0 ? String(m.number).padStart(4, "0") : t("migrations.repeatable")}</span> },
              { id: "name", head: t("common.name"), sort: (m) => m.name, cell: (m) => <span className="font-mono">{m.name}</span> },
            ]}
          />
        )}
      </Card>
      <Sheet wide open={open !== null} onClose={() => setOpen(null)} title={open ? `${open.version} ${open.name}` : ""}>
        <div className="h-[70vh] overflow-hidden rounded-md border">
          <Suspense fallback={<Spinner />}>{open && <CodeEditor readOnly value={open.statements.map((s) => `${s};`).join("\n\n")} onChange={() => undefined} />}</Suspense>
        </div>
      </Sheet>
    </Page>
  );
}
