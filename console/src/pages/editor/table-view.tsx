import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Plus, RefreshCw, Settings2, Table2, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { pgList, usePgList } from "@/api/pg";
import { deleteRows, insertRows, readRows, restFor, updateRow, type Filter, type Page, type Row, type Sort } from "@/api/rest";
import { getSettings } from "@/api/apps";
import { useSession } from "@/api/session";
import { Badge, Button, IconButton, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import { ident, qualified } from "@/lib/sql/identifier";
import { columnsSql, type ColumnInfo, type TableInfo } from "@/lib/sql/introspect";
import { EditTableSheet } from "./edit-table";
import { FilterBar } from "./filter-bar";
import { Grid } from "./grid";
import { useLive } from "./live";
import { InsertSheet } from "./row-sheet";
import { TransferMenu } from "./transfer-menu";
import { stillHolds } from "./values";

export function TableView({ table, lead, onGone, onRenamed }: { table: TableInfo; lead: ReactNode; onGone: () => void; onRenamed: (name: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const { schema, name } = table;
  const columns = usePgList<ColumnInfo>(ref, ["columns", schema, name], columnsSql(schema, name));
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref), staleTime: 60_000 });
  const session = useSession();
  // Viewers get no keys; they read as the owner, through the console's read-only queries.
  const viewer = session.data?.role === "viewer";
  const exposed = !viewer && ((settings.data?.["api"]?.["schemas"] as string[] | undefined) ?? ["public"]).includes(schema);
  const [perPage, setPerPage] = useState(100);
  // The application may allow fewer rows in one answer than a page was to have.
  const cap = settings.data?.["api"]?.["max_rows"];
  const limit = exposed && typeof cap === "number" && cap > 0 ? Math.min(perPage, cap) : perPage;
  const [chosenFilters, setFilters] = useState<Filter[]>([]);
  const [chosenSorts, setSorts] = useState<Sort[]>([]);
  const [page, setPage] = useState(0);
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const [inserting, setInserting] = useState(false);
  const [editing, setEditing] = useState(false);

  const cols = columns.data;
  // A column may have been renamed or dropped under a filter.
  const known = (column: string) => cols === undefined || cols.some((c) => c.name === column);
  const filters = chosenFilters.filter((f) => known(f.column));
  const sorts = chosenSorts.filter((x) => known(x.column));
  const pk = (cols ?? []).filter((c) => c.pk).map((c) => c.name);
  const isTable = table.kind === "r" || table.kind === "p";
  const editable = exposed && isTable && pk.length > 0;
  // A stable order, so that pages neither repeat rows nor leave any out.
  const order = sorts.length > 0 ? [...sorts, ...pk.filter((k) => !sorts.some((s) => s.column === k)).map((column) => ({ column, down: false }))] : pk.map((column) => ({ column, down: false }));
  const key = ["rows", ref, schema, name, filters, order, page, limit, cols?.map((c) => c.name + c.base)];
  const rows = useQuery({
    queryKey: key,
    enabled: cols !== undefined && cols.length > 0 && !settings.isPending,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Page> => {
      if (!exposed) {
        // The instant API does not show this schema; it can be looked at as the owner.
        const by = order.map((o) => `${ident(o.column)} ${o.down ? "desc" : "asc"}`).join(", ");
        const select = `select * from ${qualified(schema, name)}${by === "" ? "" : ` order by ${by}`} limit ${limit} offset ${page * limit}`;
        return { rows: await pgList<Row>(ref, select, signal), total: null };
      }
      return readRows(await restFor(client, ref), schema, name, cols ?? [], { filters, sorts: order, offset: page * limit, limit, signal });
    },
  });
  const reload = () => client.invalidateQueries({ queryKey: ["rows", ref, schema, name] });
  useLive(table, exposed, () => void reload());
  const total = rows.data?.total ?? null;
  const list = rows.data?.rows ?? [];

  const save = async (row: Row, c: ColumnInfo, value: unknown): Promise<boolean> => {
    const rest = await restFor(client, ref);
    const now = await updateRow(rest, schema, name, pk, row, { [c.name]: value }, c.pk ? [] : stillHolds(c, row[c.name]));
    if (now === null) {
      await reload();
      throw new Error(t("editor.changedMeanwhile"));
    }
    await reload();
    return true;
  };
  const remove = async () => {
    const rest = await restFor(client, ref);
    const doomed = [...selected].map((i) => list[i]).filter((r): r is Row => r !== undefined);
    const yes = await confirm({
      title: t("editor.deleteRowsTitle", { count: doomed.length }),
      body: t("editor.deleteRowsBody", { count: doomed.length, table: name, keys: doomed.slice(0, 8).map((r) => pk.map((k) => String(r[k])).join("/")).join(", ") }),
      action: t("common.delete"),
      danger: true,
    });
    if (!yes) return;
    await deleteRows(rest, schema, name, pk, doomed);
    setSelected(new Set());
    await reload();
    toast(t("editor.rowsDeleted", { count: doomed.length }));
  };
  const sortBy = (column: string) =>
    setSorts((s) => {
      const now = s.find((x) => x.column === column);
      return now ? (now.down ? [] : [{ column, down: true }]) : [{ column, down: false }];
    });

  return (
    <>
      <div className="flex min-h-11 flex-wrap items-center gap-2 border-b bg-panel px-3 py-1.5">
        {lead}
        <h1 className="max-w-60 truncate font-mono text-sm font-semibold">{name}</h1>
        {isTable && (
          <Link to="/app/$ref/auth/policies" params={{ ref }} hash={`${schema}.${name}`}>
            <Badge tone={table.rls ? "ok" : "warn"}>{table.rls ? t("editor.rlsOn", { count: table.policies }) : t("editor.rlsIsOff")}</Badge>
          </Link>
        )}
        {table.realtime && <Badge tone="info">Realtime</Badge>}
        {!editable && isTable && <Badge title={t(exposed ? "editor.noKeyHelp" : "editor.notExposedHelp")}>{t("editor.readOnly")}</Badge>}
        <div className="flex-1" />
        {selected.size > 0 && editable && (
          <Button size="sm" variant="danger" icon={<Trash2 size={13} />} onClick={() => void remove().catch(fail)}>
            {t("editor.deleteRows", { count: selected.size })}
          </Button>
        )}
        {isTable && exposed && (
          <Button size="sm" variant="primary" icon={<Plus size={13} />} onClick={() => setInserting(true)}>
            {t("editor.insert")}
          </Button>
        )}
        {cols && exposed && <TransferMenu table={table} columns={cols} filters={filters} order={order} onImported={() => void reload()} />}
        {table.owned && isTable && (
          <Button size="sm" icon={<Settings2 size={13} />} onClick={() => setEditing(true)}>
            {t("editor.editTable")}
          </Button>
        )}
        <IconButton label={t("common.refresh")} onClick={() => void reload()}>
          <RefreshCw size={14} className={rows.isFetching ? "animate-spin" : undefined} />
        </IconButton>
      </div>
      {cols && exposed && (
        <FilterBar
          columns={cols}
          filters={filters}
          onChange={(f) => {
            setFilters(f);
            setPage(0);
            setSelected(new Set());
          }}
        />
      )}
      {columns.isPending ? (
        <Spinner />
      ) : columns.isError || rows.isError ? (
        <ErrorBox error={columns.error ?? rows.error} className="m-4" onRetry={() => void reload()} />
      ) : cols ? (
        rows.isSuccess && list.length === 0 && !rows.isPlaceholderData ? (
          <div className="min-h-0 flex-1 overflow-auto bg-panel">
            {filters.length > 0 ? (
              <Empty title={t("editor.noMatch")}>{t("editor.noMatchHelp")}</Empty>
            ) : (
              <Empty
                icon={<Table2 size={30} />}
                title={t("editor.noRows")}
                action={
                  isTable &&
                  exposed && (
                    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setInserting(true)}>
                      {t("editor.insert")}
                    </Button>
                  )
                }
              >
                {t("editor.noRowsHelp")}
              </Empty>
            )}
          </div>
        ) : rows.isPending ? (
          <Spinner />
        ) : (
          <Grid columns={cols} rows={list} sorts={sorts} selected={selected} editable={editable} onSelect={setSelected} onSort={sortBy} onSave={save} onOpen={() => undefined} />
        )
      ) : null}
      <div className="flex h-9 shrink-0 items-center gap-2 border-t bg-panel px-3 text-xs text-muted">
        <IconButton label={t("common.previous")} disabled={page === 0} onClick={() => setPage(page - 1)}>
          <ChevronLeft size={15} />
        </IconButton>
        <span className="tabular-nums">{t("editor.pageOf", { page: page + 1, pages: total === null ? "?" : Math.max(1, Math.ceil(total / limit)) })}</span>
        <IconButton label={t("common.next")} disabled={total !== null ? (page + 1) * limit >= total : list.length < limit} onClick={() => setPage(page + 1)}>
          <ChevronRight size={15} />
        </IconButton>
        <Select
          aria-label={t("editor.pageSize")}
          value={perPage}
          className="h-6 w-auto text-xs"
          onChange={(e) => {
            setPerPage(Number(e.target.value));
            setPage(0);
          }}
        >
          {[100, 500, 1000].map((n) => (
            <option key={n} value={n}>
              {t("editor.perPage", { count: n })}
            </option>
          ))}
        </Select>
        <span className="ml-auto tabular-nums">{total !== null && t("editor.rowCount", { count: total, shown: count(total) })}</span>
      </div>
      {cols && (
        <InsertSheet
          open={inserting}
          table={name}
          columns={cols}
          onClose={() => setInserting(false)}
          onInsert={async (row) => {
            await insertRows(await restFor(client, ref), schema, name, [row]);
            await reload();
            toast(t("editor.inserted"));
          }}
        />
      )}
      {cols && <EditTableSheet open={editing} table={table} columns={cols} onClose={() => setEditing(false)} onGone={onGone} onRenamed={onRenamed} />}
    </>
  );
}
