import { ListTree, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Badge, Button, Checkbox, Field, IconButton, Select } from "@/components/ui/base";
import { Empty, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { bytes, count } from "@/lib/format";
import { columnsSql, tablesSql, type ColumnInfo, type TableInfo } from "@/lib/sql/introspect";
import { createIndex, dropIndex, indexesSql, METHODS, type IndexInfo } from "@/lib/sql/objects";
import { useAct } from "@/lib/use-act";

export function IndexesPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const { confirm } = useFeedback();
  const query = usePgList<IndexInfo>(ref, ["indexes"], indexesSql());
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setCreating(true)}>
      {t("indexes.create")}
    </Button>
  );
  const remove = async (x: IndexInfo) => {
    const yes = await confirm({ title: t("indexes.dropTitle", { name: x.name }), body: t("indexes.dropBody", { table: x.table, size: bytes(x.size) }), action: t("common.delete"), danger: true });
    if (yes) await act(dropIndex(x.schema, x.name), t("indexes.dropped"));
  };
  return (
    <>
      <ListPage
        title={t("nav.pages.database.indexes")}
        description={t("indexes.description")}
        query={query}
        rowKey={(x) => `${x.schema}.${x.name}`}
        text={(x) => `${x.name} ${x.table}`}
        schemaOf={(x) => x.schema}
        action={create}
        empty={
          <Empty icon={<ListTree size={30} />} title={t("indexes.empty")} action={create}>
            {t("indexes.emptyHelp")}
          </Empty>
        }
        columns={[
          { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
          { id: "table", head: t("triggers.table"), sort: (x) => x.table, cell: (x) => <span className="font-mono">{x.table}</span> },
          { id: "definition", head: t("indexes.definition"), cell: (x) => <span className="font-mono text-xs text-muted">{/ USING .*/.exec(x.definition)?.[0].trim()}</span> },
          {
            id: "kind",
            head: t("common.type"),
            cell: (x) => (
              <span className="flex gap-1">
                {x.primary ? <Badge tone="accent">{t("editor.column.pk")}</Badge> : x.unique && <Badge>{t("editor.column.unique")}</Badge>}
                {!x.valid && <Badge tone="danger">invalid</Badge>}
              </span>
            ),
          },
          { id: "size", head: t("database.size"), className: "text-right", sort: (x) => x.size, cell: (x) => <span className="whitespace-nowrap tabular-nums">{bytes(x.size)}</span> },
          { id: "scans", head: t("indexes.scans"), className: "text-right", sort: (x) => x.scans, cell: (x) => <span className="tabular-nums">{count(x.scans)}</span> },
          {
            id: "act",
            head: "",
            className: "text-right",
            cell: (x) =>
              x.owned &&
              !x.constraint && (
                <IconButton label={t("common.delete")} onClick={() => void remove(x)}>
                  <Trash2 size={14} />
                </IconButton>
              ),
          },
        ]}
      />
      {creating && <CreateIndex onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateIndex({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const [table, setTable] = useState("");
  const [columns, setColumns] = useState<string[]>([]);
  const [method, setMethod] = useState<(typeof METHODS)[number]>("btree");
  const [unique, setUnique] = useState(false);
  const [schema, name] = table === "" ? ["", ""] : (JSON.parse(table) as [string, string]);
  const cols = usePgList<ColumnInfo>(ref, ["columns", schema, name], columnsSql(schema, name), { enabled: name !== "" });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("indexes.create")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" disabled={columns.length === 0} onClick={() => void act(createIndex(schema, name, columns, method, unique && method === "btree"), t("indexes.created")).then((ok) => ok && onClose())}>
            {t("common.create")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("triggers.table")}>
          <Select
            value={table}
            onChange={(e) => {
              setTable(e.target.value);
              setColumns([]);
            }}
          >
            <option value="">{t("common.choose")}</option>
            {(tables.data ?? [])
              .filter((x) => x.owned && (x.kind === "r" || x.kind === "p" || x.kind === "m"))
              .map((x) => (
                <option key={x.oid} value={JSON.stringify([x.schema, x.name])}>
                  {`${x.schema}.${x.name}`}
                </option>
              ))}
          </Select>
        </Field>
        {name !== "" && (
          <div>
            <div className="mb-1 text-sm font-medium">{t("indexes.columns")}</div>
            <div className="scroll-thin grid max-h-44 grid-cols-2 gap-2 overflow-auto rounded-md border p-3">
              {(cols.data ?? []).map((c) => (
                <Checkbox key={c.name} label={c.name} checked={columns.includes(c.name)} onChange={(on) => setColumns(on ? [...columns, c.name] : columns.filter((x) => x !== c.name))} />
              ))}
            </div>
            <p className="mt-1 font-mono text-xs text-muted">{columns.join(", ")}</p>
          </div>
        )}
        <Field label={t("indexes.method")} help={t("indexes.methodHelp")}>
          <Select value={method} onChange={(e) => setMethod(e.target.value as (typeof METHODS)[number])}>
            {METHODS.map((m) => (
              <option key={m} value={m}>
                {m}
              </option>
            ))}
          </Select>
        </Field>
        <Checkbox label={t("editor.column.unique")} disabled={method !== "btree"} checked={unique} onChange={setUnique} />
      </div>
    </Dialog>
  );
}
