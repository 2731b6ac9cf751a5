import { useQueryClient } from "@tanstack/react-query";
import { KeyRound, Pencil, Plus, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery } from "@/api/pg";
import { Badge, Button, Checkbox, Field, IconButton, Input } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog, Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import { nameProblem } from "@/lib/sql/identifier";
import type { ColumnInfo, TableInfo } from "@/lib/sql/introspect";
import { addColumn, alterColumn, alterTable, dropColumn, dropTable, truncateTable, type ColumnDraft } from "@/lib/sql/table";
import { ColumnRow } from "./column-row";
import { Defaults, newColumn } from "./create-table";
import { PrimaryKeyDialog } from "./primary-key";

const SHORT: Record<string, string> = { bigint: "int8", integer: "int4", smallint: "int2", "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp", "character varying": "varchar", boolean: "bool" };

function draftOf(c: ColumnInfo): ColumnDraft {
  const array = c.type.endsWith("[]");
  const type = array ? c.type.slice(0, -2) : c.type;
  return newColumn({
    name: c.name,
    type: SHORT[type] ?? type,
    array,
    default: c.default ?? "",
    pk: c.pk,
    identity: c.identity !== "",
    nullable: c.nullable,
    unique: c.unique,
    comment: c.comment ?? "",
    fk: c.fk ? { schema: c.fk.schema, table: c.fk.table, column: c.fk.column, onDelete: c.fk.onDelete } : null,
  });
}

/** Name, description, switches and columns of an existing table, and its end. */
export function EditTableSheet({ open, table, columns, onClose, onGone, onRenamed }: { open: boolean; table: TableInfo; columns: ColumnInfo[]; onClose: () => void; onGone: () => void; onRenamed: (name: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const { schema } = table;
  const [name, setName] = useState(table.name);
  const [comment, setComment] = useState(table.comment ?? "");
  const [rls, setRls] = useState(table.rls);
  const [realtime, setRealtime] = useState(table.realtime);
  const [column, setColumn] = useState<{ draft: ColumnDraft; before: ColumnInfo | null } | null>(null);
  const [keying, setKeying] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (!open) return;
    setName(table.name);
    setComment(table.comment ?? "");
    setRls(table.rls);
    setRealtime(table.realtime);
    setError(null);
  }, [open, table]);

  const run = async (sql: string) => {
    await pgQuery(ref, sql);
    await client.invalidateQueries({ queryKey: ["pg", ref] });
    await client.invalidateQueries({ queryKey: ["rows", ref] });
  };
  const save = async () => {
    if (table.rls && !rls && !(await confirm({ title: t("editor.rlsOffTitle"), body: t("editor.rlsOffBody"), action: t("editor.rlsOffAction"), danger: true }))) return;
    setBusy(true);
    setError(null);
    try {
      const sql = alterTable(schema, table.name, {
        ...(comment !== (table.comment ?? "") ? { comment } : {}),
        ...(rls !== table.rls ? { rls } : {}),
        ...(realtime !== table.realtime ? { realtime } : {}),
        ...(name.trim() !== table.name ? { name: name.trim() } : {}),
      });
      if (sql !== "") await run(sql);
      toast(t("common.saved"));
      onClose();
      if (name.trim() !== table.name) onRenamed(name.trim());
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const saveColumn = async () => {
    if (!column) return;
    const { draft, before } = column;
    setBusy(true);
    setError(null);
    try {
      if (!before) await run(addColumn(schema, table.name, draft));
      else {
        const old = draftOf(before);
        const statements = alterColumn(
          schema,
          table.name,
          { name: before.name, type: old.type + (old.array ? "[]" : ""), default: before.default, nullable: before.nullable, unique: before.unique, uniqueConstraint: before.unique_constraint ?? null, identity: before.identity !== "", comment: before.comment, fk: old.fk && before.fk ? { ...old.fk, name: before.fk.name } : null },
          draft,
        );
        if (statements.length > 0) await run(statements.join("\n"));
      }
      toast(t("common.saved"));
      setColumn(null);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const removeColumn = async (c: ColumnInfo) => {
    const yes = await confirm({ title: t("editor.dropColumnTitle", { column: c.name }), body: t("editor.dropColumnBody", { column: c.name, rows: count(table.rows) }), action: t("common.delete"), danger: true, typed: c.name });
    if (!yes) return;
    try {
      await run(dropColumn(schema, table.name, c.name, false));
      toast(t("editor.columnDropped"));
    } catch (e) {
      fail(e);
    }
  };
  const end = async (kind: "drop" | "truncate") => {
    const yes = await confirm({
      title: t(kind === "drop" ? "editor.dropTitle" : "editor.truncateTitle", { table: table.name }),
      body: t(kind === "drop" ? "editor.dropBody" : "editor.truncateBody", { table: table.name, rows: count(table.rows) }),
      action: t(kind === "drop" ? "editor.drop" : "editor.truncate"),
      danger: true,
      typed: table.name,
    });
    if (!yes) return;
    try {
      await run(kind === "drop" ? dropTable(schema, table.name, table.kind, false) : truncateTable(schema, table.name));
      toast(t(kind === "drop" ? "editor.dropped" : "editor.truncated", { table: table.name }));
      onClose();
      if (kind === "drop") onGone();
    } catch (e) {
      fail(e);
    }
  };

  const badName = nameProblem(name);
  const badColumn = column && nameProblem(column.draft.name, columns.filter((c) => c !== column.before).map((c) => c.name));

  return (
    <Sheet
      open={open}
      onClose={onClose}
      title={t("editor.editTable")}
      description={`${schema}.${table.name}`}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={badName !== null} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-5">
        <Field label={t("editor.name")} error={badName ? t(badName) : undefined}>
          <Input name="table-name" value={name} className="font-mono" onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t("common.description")}>
          <Input value={comment} onChange={(e) => setComment(e.target.value)} />
        </Field>
        <div className="space-y-3 rounded-md border p-3">
          <Checkbox label={t("editor.rls")} help={t("editor.rlsHelp")} checked={rls} onChange={setRls} />
          <Checkbox label={t("editor.realtime")} help={t("editor.realtimeHelp")} checked={realtime} onChange={setRealtime} />
        </div>
        <div>
          <div className="mb-2 flex items-center gap-2">
            <span className="flex-1 text-sm font-semibold">{t("editor.columns")}</span>
            <Button size="sm" icon={<KeyRound size={13} />} onClick={() => setKeying(true)}>
              {t("editor.primaryKey")}
            </Button>
            <Button size="sm" icon={<Plus size={13} />} onClick={() => setColumn({ draft: newColumn(), before: null })}>
              {t("editor.addColumn")}
            </Button>
          </div>
          <div className="divide-y rounded-md border">
            {columns.map((c) => (
              <div key={c.name} className="flex items-center gap-2 px-3 py-1.5">
                <span className="truncate font-mono text-xs font-medium">{c.name}</span>
                <span className="truncate font-mono text-xs text-muted">{c.type}</span>
                {c.pk && <Badge tone="accent">PK</Badge>}
                {!c.nullable && !c.pk && <Badge>NOT NULL</Badge>}
                <span className="flex-1" />
                <IconButton label={t("common.edit")} disabled={c.generated} onClick={() => setColumn({ draft: draftOf(c), before: c })}>
                  <Pencil size={13} />
                </IconButton>
                <IconButton label={t("common.delete")} onClick={() => void removeColumn(c)}>
                  <Trash2 size={13} />
                </IconButton>
              </div>
            ))}
          </div>
        </div>
        {!column && <ErrorBox error={error} />}
        <div className="rounded-md border border-danger/40 p-3">
          <div className="mb-2 text-sm font-semibold text-danger">{t("common.dangerZone")}</div>
          <div className="flex gap-2">
            <Button size="sm" onClick={() => void end("truncate")}>
              {t("editor.truncate")}
            </Button>
            <Button size="sm" variant="danger" onClick={() => void end("drop")}>
              {t("editor.drop")}
            </Button>
          </div>
        </div>
      </div>
      {keying && <PrimaryKeyDialog schema={schema} table={table.name} columns={columns} onClose={() => setKeying(false)} onSave={run} />}
      <Dialog
        wide
        open={column !== null}
        onClose={() => {
          setColumn(null);
          setError(null);
        }}
        title={column?.before ? t("editor.editColumn", { column: column.before.name }) : t("editor.addColumn")}
        footer={
          <Button variant="primary" busy={busy} disabled={column === null || badColumn !== null || column.draft.type === ""} onClick={() => void saveColumn()}>
            {t("common.save")}
          </Button>
        }
      >
        {column && <ColumnRow fixedKey column={column.draft} bad={badColumn && column.draft.name !== "" ? t(badColumn) : undefined} onChange={(draft) => setColumn({ ...column, draft })} onRemove={() => setColumn(null)} />}
        <Defaults />
        <p className="mt-2 text-xs text-muted">{t("editor.defaultHelp")}</p>
        <ErrorBox error={error} className="mt-3" />
      </Dialog>
    </Sheet>
  );
}
