import { useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, Search } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery, usePgList } from "@/api/pg";
import { Button, Input, Spinner, Switch } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { literal } from "@/lib/sql/identifier";
import { PUBLISHED, publishActions, publishTable, type Published } from "@/lib/sql/table";

interface Publication {
  name: string;
  insert: boolean;
  update: boolean;
  delete: boolean;
  truncate: boolean;
  all: boolean;
  tables: number;
}
interface Candidate {
  schema: string;
  name: string;
  comment: string | null;
  on: boolean;
}

const PUBLICATIONS = `select p.pubname as name, p.pubinsert as insert, p.pubupdate as update, p.pubdelete as delete,
  p.pubtruncate as truncate, p.puballtables as all,
  (select count(*) from pg_publication_tables t where t.pubname = p.pubname) as tables
  from pg_publication p
  where p.pubname = 'supabase_realtime' or pg_has_role(p.pubowner, 'usage')
  order by p.pubname <> 'supabase_realtime', p.pubname`;

const candidates = (publication: string) => `select n.nspname as schema, c.relname as name, obj_description(c.oid, 'pg_class') as comment,
  exists (select 1 from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where r.prrelid = c.oid and p.pubname = ${literal(publication)}) as on
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and pg_has_role(c.relowner, 'usage')
    and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'auth', 'storage', 'realtime', 'extensions')
  order by n.nspname <> 'public', n.nspname, c.relname`;

/** The tutorial's page: a row per publication with four toggles, and the tables behind a button. */
export function ReplicationPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const [open, setOpen] = useState<string | null>(null);
  const list = usePgList<Publication>(ref, ["publications"], PUBLICATIONS);
  const [busy, setBusy] = useState("");

  const toggle = async (p: Publication, action: Published, on: boolean) => {
    const word = t(`replication.${action}`);
    const yes = await confirm({
      title: t(on ? "replication.turnOnTitle" : "replication.turnOffTitle", { action: word }),
      body: t(on ? "replication.turnOnBody" : "replication.turnOffBody", { action: word, name: p.name }),
      action: t("common.confirm"),
      danger: !on,
    });
    if (!yes) return;
    setBusy(p.name + action);
    try {
      const actions = PUBLISHED.filter((a) => (a === action ? on : p[a]));
      await pgQuery(ref, publishActions(p.name, actions));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t("common.saved"));
    } catch (error) {
      fail(error);
    } finally {
      setBusy("");
    }
  };

  const source = (p: Publication) => (
    <Button size="sm" disabled={p.all} onClick={() => setOpen(p.name)}>
      {p.all ? t("replication.allTables") : t("replication.tables", { count: p.tables })}
    </Button>
  );
  const publication = list.data?.find((p) => p.name === open);
  if (publication) return <PublishedTables publication={publication} onBack={() => setOpen(null)} />;
  return (
    <Page>
      <PageHead title={t("nav.pages.database.replication")} description={t("replication.description")} />
      <Card flush>
        {list.isPending ? (
          <Spinner />
        ) : list.isError ? (
          <ErrorBox error={list.error} className="m-4" onRetry={() => void list.refetch()} />
        ) : (
          <ListTable
            rows={list.data}
            rowKey={(p) => p.name}
            empty={<Empty title={t("replication.none")}>{t("replication.noneHelp")}</Empty>}
            columns={[
              {
                id: "name",
                head: t("replication.name"),
                cell: (p) => (
                  <div>
                    <span className="font-mono">{p.name}</span>
                    <div className="mt-1.5 sm:hidden">{source(p)}</div>
                  </div>
                ),
              },
              ...PUBLISHED.map((action) => ({
                id: action,
                head: t(`replication.${action}`),
                cell: (p: Publication) => (
                  <Switch
                    label={`${p.name} ${t(`replication.${action}`)}`}
                    checked={p[action]}
                    disabled={busy !== ""}
                    onChange={(on) => void toggle(p, action, on)}
                  />
                ),
              })),
              {
                id: "tables",
                head: t("replication.source"),
                className: "text-right max-sm:hidden",
                cell: source,
              },
            ]}
          />
        )}
      </Card>
    </Page>
  );
}

function PublishedTables({ publication, onBack }: { publication: Publication; onBack: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast, fail } = useFeedback();
  const [search, setSearch] = useState("");
  const [busy, setBusy] = useState("");
  const list = usePgList<Candidate>(ref, ["publication", publication.name], candidates(publication.name));
  const toggle = async (c: Candidate, on: boolean) => {
    const key = `${c.schema}.${c.name}`;
    setBusy(key);
    try {
      await pgQuery(ref, publishTable(c.schema, c.name, on, publication.name));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t(on ? "replication.tableOn" : "replication.tableOff", { table: key }));
    } catch (error) {
      fail(error);
    } finally {
      setBusy("");
    }
  };
  const rows = (list.data ?? []).filter((c) => `${c.schema}.${c.name}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <Page>
      <PageHead
        title={
          <button type="button" className="inline-flex items-center gap-1.5 hover:text-accent" onClick={onBack}>
            <ChevronLeft size={18} />
            <span className="font-mono">{publication.name}</span>
          </button>
        }
        description={t("replication.tablesHelp")}
      >
        <div className="relative">
          <Search size={14} className="absolute top-2.5 left-2.5 text-faint" />
          <Input aria-label={t("common.search")} placeholder={t("common.search")} value={search} onChange={(e) => setSearch(e.target.value)} className="w-52 pl-8" />
        </div>
      </PageHead>
      <Card flush>
        {list.isPending ? (
          <Spinner />
        ) : list.isError ? (
          <ErrorBox error={list.error} className="m-4" onRetry={() => void list.refetch()} />
        ) : (
          <ListTable
            rows={rows}
            rowKey={(c) => `${c.schema}.${c.name}`}
            empty={<Empty title={t("replication.noTables")}>{t("replication.noTablesHelp")}</Empty>}
            columns={[
              { id: "name", head: t("replication.table"), sort: (c) => c.name, cell: (c) => <span className="font-mono">{c.name}</span> },
              { id: "schema", head: t("common.schema"), sort: (c) => c.schema, cell: (c) => <span className="font-mono text-muted">{c.schema}</span> },
              { id: "comment", head: t("common.description"), className: "min-w-32", cell: (c) => <span className="text-muted">{c.comment}</span> },
              {
                id: "on",
                head: t("replication.enabled"),
                className: "text-right",
                cell: (c) => (
                  <span className="inline-flex">
                    <Switch label={`${c.schema}.${c.name}`} checked={c.on} disabled={busy !== ""} onChange={(on) => void toggle(c, on)} />
                  </span>
                ),
              },
            ]}
          />
        )}
      </Card>
    </Page>
  );
}
