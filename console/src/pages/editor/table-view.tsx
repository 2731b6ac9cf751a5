import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, RefreshCw, Settings2, Table2, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { deleteMatching, deleteRows, insertRows, restFor, type Filter, type Row, type Sort } from "@/api/rest";
import { getSettings } from "@/api/apps";
import { useCanWrite } from "@/api/session";
import { Badge, Button, IconButton, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import { columnsSql, type ColumnInfo, type TableInfo } from "@/lib/sql/introspect";
import { useColumnModel } from "./columns";
import { ColumnsMenu } from "./columns-menu";
import { ConflictDialog, type Conflict } from "./conflict";
import { EditTableSheet } from "./edit-table";
import { FilterBar } from "./filter-bar";
import { Grid, NOTHING, type Selection } from "./grid";
import { useLive } from "./live";
import { RowSheet } from "./row-sheet";
import { useRowSource } from "./rows";
import { overwriteRow, saveRow } from "./save-row";
import { TransferMenu } from "./transfer-menu";

const NO_COLUMNS: ColumnInfo[] = [];

export function TableView({ table, where, lead, onGone, onRenamed }: { table: TableInfo; /** `column=value`, to begin with. */ where?: string; lead: ReactNode; onGone: () => void; onRenamed: (name: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { confirm, toast, fail } = useFeedback();
  const { schema, name } = table;
  const columns = usePgList<ColumnInfo>(ref, ["columns", schema, name], columnsSql(schema, name));
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref), staleTime: 60_000 });
  // Viewers get no keys; they read as the owner, through the console's read-only queries.
  const viewer = !useCanWrite();
  const exposed = !viewer && ((settings.data?.["api"]?.["schemas"] as string[] | undefined) ?? ["public"]).includes(schema);
  const cap = settings.data?.["api"]?.["max_rows"];
  const [chosenFilters, setFilters] = useState<Filter[]>(() => {
    const at = where?.indexOf("=") ?? -1;
    return where !== undefined && at > 0 ? [{ column: where.slice(0, at), op: "eq", value: where.slice(at + 1) }] : [];
  });
  const [chosenSorts, setSorts] = useState<Sort[]>([]);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [sheet, setSheet] = useState<{ row: Row | null } | null>(null);
  const [editing, setEditing] = useState(false);
  const [conflict, setConflict] = useState<Conflict | null>(null);

  const cols = columns.data ?? NO_COLUMNS;
  // A column may have been renamed or dropped under a filter.
  const known = (column: string) => columns.data === undefined || cols.some((c) => c.name === column);
  const filters = chosenFilters.filter((f) => known(f.column));
  const sorts = chosenSorts.filter((x) => known(x.column));
  const pk = cols.filter((c) => c.pk).map((c) => c.name);
  const isTable = table.kind === "r" || table.kind === "p";
  const editable = exposed && isTable && pk.length > 0;
  // A stable order, so that blocks neither repeat rows nor leave any out.
  const order = [...sorts, ...pk.filter((k) => !sorts.some((s) => s.column === k)).map((column) => ({ column, down: false }))];
  const source = useRowSource(table, columns.data, { exposed, ready: !settings.isPending, cap: typeof cap === "number" ? cap : null, filters, order });
  const { reload } = source;
  const model = useColumnModel(cols, `${ref}.${schema}.${name}`);
  useLive(table, exposed, () => void reload());
  const chosen = selection.all ? source.count : selection.keys.size;

  const save = async (before: Row, change: Row): Promise<boolean> => {
    const met = await saveRow(await restFor(client, ref), schema, name, cols, before, change);
    if (met) setConflict(met);
    else toast(t("common.saved"));
    await reload();
    return true;
  };
  const overwrite = async (c: Conflict) => {
    setConflict(null);
    try {
      if (await overwriteRow(await restFor(client, ref), schema, name, cols, c)) toast(t("common.saved"));
      else setConflict({ ...c, now: null });
    } catch (error) {
      fail(error);
    }
    await reload();
  };
  const remove = async () => {
    const doomed = selection.all ? source.loaded() : [...selection.keys.values()];
    const keys = doomed.slice(0, 8).map((r) => pk.map((k) => String(r[k])).join("/")).join(", ") + (chosen > 8 ? " …" : "");
    const yes = await confirm({
      title: t("editor.deleteRowsTitle", { count: chosen }),
      body: t(selection.all ? (filters.length > 0 ? "editor.deleteMatchingBody" : "editor.deleteAllBody") : "editor.deleteRowsBody", { count: chosen, table: name, keys }),
      action: t("common.delete"),
      danger: true,
      ...(selection.all ? { typed: name } : {}),
    });
    if (!yes) return;
    const rest = await restFor(client, ref);
    await (selection.all ? deleteMatching(rest, schema, name, filters) : deleteRows(rest, schema, name, pk, doomed));
    setSelection(NOTHING);
    await reload();
    toast(t("editor.rowsDeleted", { count: chosen }));
  };
  /** Up, down, not at all; with the shift key after the columns that are sorted by already. */
  const sortBy = (column: string, add: boolean) =>
    setSorts((s) => {
      const now = s.find((x) => x.column === column);
      const next = now ? (now.down ? null : { column, down: true }) : { column, down: false };
      if (!add) return next ? [next] : [];
      if (now) return s.flatMap((x) => (x.column === column ? (next ? [next] : []) : [x]));
      return next ? [...s, next] : s;
    });
  const insert = isTable && exposed && (
    <Button size="sm" variant="primary" icon={<Plus size={13} />} onClick={() => setSheet({ row: null })}>
      {t("editor.insert")}
    </Button>
  );

  return (
    <>
      <div className="flex min-h-11 flex-wrap items-center gap-2 border-b bg-panel px-3 py-1.5">
        {lead}
        <h1 className="max-w-60 truncate font-mono text-sm font-semibold" title={table.comment ?? name}>
          {name}
        </h1>
        {isTable && (
          <Link to="/app/$ref/auth/policies" params={{ ref }} hash={`${schema}.${name}`}>
            <Badge tone={table.rls ? "ok" : "warn"}>{table.rls ? t("editor.rlsOn", { count: table.policies }) : t("editor.rlsIsOff")}</Badge>
          </Link>
        )}
        {table.realtime && <Badge tone="info">Realtime</Badge>}
        {!editable && isTable && <Badge title={t(exposed ? "editor.noKeyHelp" : "editor.notExposedHelp")}>{t("editor.readOnly")}</Badge>}
        <div className="flex-1" />
        {chosen > 0 && editable && (
          <Button size="sm" variant="danger" icon={<Trash2 size={13} />} onClick={() => void remove().catch(fail)}>
            {t("editor.deleteRows", { count: chosen })}
          </Button>
        )}
        {insert}
        {columns.data && exposed && <TransferMenu table={table} columns={cols} filters={filters} order={order} total={source.count} onImported={() => void reload()} />}
        {table.owned && isTable && !viewer && (
          <Button size="sm" icon={<Settings2 size={13} />} onClick={() => setEditing(true)}>
            {t("editor.editTable")}
          </Button>
        )}
        <ColumnsMenu model={model} columns={cols} />
        <IconButton label={t("common.refresh")} onClick={() => void reload()}>
          <RefreshCw size={14} className={source.isFetching ? "animate-spin" : undefined} />
        </IconButton>
      </div>
      {columns.data && exposed && (
        <FilterBar
          columns={cols}
          filters={filters}
          onChange={(f) => {
            setFilters(f);
            setSelection(NOTHING);
          }}
        />
      )}
      {columns.isPending ? (
        <Spinner />
      ) : columns.isError || source.error ? (
        <ErrorBox error={columns.error ?? source.error} className="m-4" onRetry={() => void reload()} />
      ) : source.isPending && source.count === 0 ? (
        <Spinner />
      ) : source.count === 0 ? (
        <div className="min-h-0 flex-1 overflow-auto bg-panel">
          {filters.length > 0 ? (
            <Empty
              title={t("editor.noMatch")}
              action={
                <Button size="sm" onClick={() => setFilters([])}>
                  {t("editor.clearFilters")}
                </Button>
              }
            >
              {t("editor.noMatchHelp")}
            </Empty>
          ) : (
            <Empty icon={<Table2 size={30} />} title={t("editor.noRows")} action={insert}>
              {t("editor.noRowsHelp")}
            </Empty>
          )}
        </div>
      ) : (
        <Grid key={JSON.stringify(filters)} model={model} source={source} pk={pk} sorts={sorts} selection={selection} editable={editable} onSelect={setSelection} onSort={sortBy} onSave={(row, c, value) => save(row, { [c.name]: value })} onOpen={(row) => setSheet({ row })} onFollow={(fk, value) => void navigate({ to: "/app/$ref/editor", params: { ref }, search: { schema: fk.schema === "public" ? undefined : fk.schema, table: fk.table, where: `${fk.column}=${value}` } })} />
      )}
      <div className="flex h-8 shrink-0 items-center gap-3 border-t bg-panel px-3 text-xs text-muted">
        <span className="tabular-nums">{t("editor.rowCount", { count: source.count, shown: count(source.count) })}</span>
        {chosen > 0 && <span className="tabular-nums">{t("editor.selected", { count: chosen, shown: count(chosen) })}</span>}
        <span className="flex-1" />
        {editable && <span className="hidden sm:block">{t("editor.gridHelp")}</span>}
      </div>
      {columns.data && sheet && (
        <RowSheet
          table={name}
          columns={cols}
          row={sheet.row}
          readOnly={!editable}
          onClose={() => setSheet(null)}
          onInsert={async (row) => {
            await insertRows(await restFor(client, ref), schema, name, [row]);
            await reload();
            toast(t("editor.inserted"));
          }}
          onChange={async (row, change) => {
            await save(row, change);
          }}
        />
      )}
      {columns.data && <EditTableSheet open={editing} table={table} columns={cols} onClose={() => setEditing(false)} onGone={onGone} onRenamed={onRenamed} />}
      <ConflictDialog conflict={conflict} columns={cols} onClose={() => setConflict(null)} onReload={() => setConflict(null)} onOverwrite={() => conflict && void overwrite(conflict)} />
    </>
  );
}
