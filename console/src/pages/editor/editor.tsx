import { useNavigate, useSearch } from "@tanstack/react-router";
import clsx from "clsx";
import { Eye, PanelLeft, Plus, Radio, Search, ShieldOff, Table2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Button, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { schemasSql, tablesSql, type SchemaInfo, type TableInfo } from "@/lib/sql/introspect";
import { CreateTableSheet } from "./create-table";
import { TableView } from "./table-view";

export function EditorPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const navigate = useNavigate();
  const search = useSearch({ from: "/app/$ref/editor" });
  const schema = search.schema ?? "public";
  const [filter, setFilter] = useState("");
  const [creating, setCreating] = useState(search.new ?? false);
  const [side, setSide] = useState(search.table === undefined);
  const schemas = usePgList<SchemaInfo>(ref, ["schemas"], schemasSql());
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const here = (tables.data ?? []).filter((x) => x.schema === schema);
  const shown = here.filter((x) => x.name.toLowerCase().includes(filter.toLowerCase()));
  const table = here.find((x) => x.name === search.table);
  const open = (s: string, name?: string) => {
    setSide(name === undefined);
    void navigate({ to: "/app/$ref/editor", params: { ref }, search: { schema: s === "public" ? undefined : s, table: name } });
  };
  const creatable = schemas.data?.find((s) => s.name === schema)?.owned ?? schema === "public";
  const create = (
    <Button variant="primary" disabled={!creatable} icon={<Plus size={14} />} onClick={() => setCreating(true)}>
      {t("editor.newTable")}
    </Button>
  );
  return (
    <div className="flex h-full min-h-0">
      <aside className={clsx("h-full shrink-0 flex-col border-r bg-panel md:flex md:w-56", side ? "flex w-full" : "hidden")}>
        <div className="space-y-2 p-2">
          <Select aria-label={t("common.schema")} value={schema} onChange={(e) => open(e.target.value)}>
            {(schemas.data ?? [{ name: "public" }]).map((s) => (
              <option key={s.name} value={s.name}>
                {s.name}
              </option>
            ))}
          </Select>
          <Button variant="primary" className="w-full" disabled={!creatable} icon={<Plus size={14} />} onClick={() => setCreating(true)}>
            {t("editor.newTable")}
          </Button>
          <div className="relative">
            <Search size={13} className="absolute top-2.5 left-2.5 text-faint" />
            <Input aria-label={t("editor.searchTables")} placeholder={t("editor.searchTables")} value={filter} onChange={(e) => setFilter(e.target.value)} className="pl-8" />
          </div>
        </div>
        <div className="scroll-thin min-h-0 flex-1 overflow-y-auto px-2 pb-2">
          {tables.isPending && <Spinner />}
          <ErrorBox error={tables.error} />
          {shown.slice(0, 800).map((x) => (
            <button
              key={x.oid}
              type="button"
              onClick={() => open(schema, x.name)}
              title={x.comment ?? x.name}
              className={clsx("flex h-7 w-full items-center gap-2 rounded-md px-2 text-left", x.name === search.table ? "bg-hover font-medium" : "text-muted hover:bg-hover hover:text-text")}
            >
              {x.kind === "v" || x.kind === "m" ? <Eye size={13} className="shrink-0" /> : <Table2 size={13} className="shrink-0" />}
              <span className="min-w-0 flex-1 truncate font-mono text-xs">{x.name}</span>
              {x.realtime && <Radio size={12} className="shrink-0 text-ok" aria-label={t("editor.realtimeOn")} />}
              {(x.kind === "r" || x.kind === "p") && !x.rls && <ShieldOff size={12} className="shrink-0 text-warn" aria-label={t("editor.rlsIsOff")} />}
            </button>
          ))}
        </div>
        <div className="border-t px-3 py-1.5 text-xs text-faint">{t("editor.tableCount", { count: here.length })}</div>
      </aside>
      <div className={clsx("min-w-0 flex-1 flex-col", side ? "hidden md:flex" : "flex")}>
        {table ? (
          <TableView
            key={table.oid}
            table={table}
            onGone={() => open(schema)}
            onRenamed={(name) => open(schema, name)}
            lead={
              <IconButton label={t("editor.showTables")} className="md:hidden" onClick={() => setSide(true)}>
                <PanelLeft size={16} />
              </IconButton>
            }
          />
        ) : tables.isPending ? (
          <Spinner />
        ) : here.length === 0 ? (
          <Empty icon={<Table2 size={32} />} title={t("editor.noTables")} action={create}>
            {t("editor.noTablesHelp")}
          </Empty>
        ) : search.table !== undefined ? (
          <Empty icon={<Table2 size={32} />} title={t("editor.tableGone", { table: search.table })}>
            {t("editor.pickHelp")}
          </Empty>
        ) : (
          <Empty icon={<Table2 size={32} />} title={t("editor.pick")} action={create}>
            {t("editor.pickHelp")}
          </Empty>
        )}
      </div>
      <CreateTableSheet
        open={creating}
        schema={schema}
        onClose={() => setCreating(false)}
        onCreated={(name) => {
          setCreating(false);
          open(schema, name);
        }}
      />
    </div>
  );
}
