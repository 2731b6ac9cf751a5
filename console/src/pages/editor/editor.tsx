import { useNavigate, useSearch } from "@tanstack/react-router";
import clsx from "clsx";
import { PanelLeft, Plus, Search, Table2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { useCanWrite } from "@/api/session";
import { Button, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { schemasSql, tablesSql, type SchemaInfo, type TableInfo } from "@/lib/sql/introspect";
import { CreateTableSheet } from "./create-table";
import { TableList } from "./table-list";
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
  const canWrite = useCanWrite();
  const creatable = canWrite && (schemas.data?.find((s) => s.name === schema)?.owned ?? schema === "public");
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
        {tables.isPending && <Spinner />}
        <ErrorBox error={tables.error} className="mx-2" onRetry={() => void tables.refetch()} />
        <TableList tables={shown} current={search.table} onOpen={(name) => open(schema, name)} />
        <div className="border-t px-3 py-1.5 text-xs text-faint">{t("editor.tableCount", { count: here.length })}</div>
      </aside>
      <div className={clsx("min-w-0 flex-1 flex-col", side ? "hidden md:flex" : "flex")}>
        {table ? (
          <TableView
            key={`${table.oid} ${search.where ?? ""}`}
            where={search.where}
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
