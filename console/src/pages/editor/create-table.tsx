import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery } from "@/api/pg";
import { Button, Checkbox, Field, Input } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { identifierBytes, MAX_IDENTIFIER_BYTES } from "@/lib/sql/identifier";
import { createTable, type ColumnDraft } from "@/lib/sql/table";
import { ColumnRow } from "./column-row";

let counter = 0;
export function newColumn(c: Partial<ColumnDraft> = {}): ColumnDraft {
  counter += 1;
  return { id: String(counter), name: "", type: "text", default: "", pk: false, identity: false, nullable: true, unique: false, array: false, fk: null, ...c };
}

const start = () => [
  newColumn({ name: "id", type: "int8", pk: true, identity: true, nullable: false }),
  newColumn({ name: "created_at", type: "timestamptz", default: "now()", nullable: false }),
];

export function CreateTableSheet({ open, schema, onClose, onCreated }: { open: boolean; schema: string; onClose: () => void; onCreated: (table: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast, confirm } = useFeedback();
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const [rls, setRls] = useState(true);
  const [realtime, setRealtime] = useState(false);
  const [columns, setColumns] = useState<ColumnDraft[]>(start);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [tried, setTried] = useState(false);

  const badName = (n: string) => (n.trim() === "" ? t("editor.nameMissing") : identifierBytes(n.trim()) > MAX_IDENTIFIER_BYTES ? t("editor.nameLong") : undefined);
  const badColumn = (c: ColumnDraft) => badName(c.name) ?? (columns.some((o) => o !== c && o.name.trim() === c.name.trim()) ? t("editor.nameTwice") : undefined);
  const ok = !badName(name) && columns.every((c) => !badColumn(c) && c.type !== "");

  const submit = async () => {
    setTried(true);
    if (!ok) return;
    setBusy(true);
    setError(null);
    try {
      await pgQuery(ref, createTable({ schema, name: name.trim(), comment, rls, realtime, columns: columns.map((c) => ({ ...c, name: c.name.trim() })) }));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t("editor.created", { table: name.trim() }));
      onCreated(name.trim());
      setName("");
      setComment("");
      setRls(true);
      setRealtime(false);
      setColumns(start());
      setTried(false);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const toggleRls = async (on: boolean) => {
    if (on || (await confirm({ title: t("editor.rlsOffTitle"), body: t("editor.rlsOffBody"), action: t("editor.rlsOffAction"), danger: true }))) setRls(on);
  };

  return (
    <Sheet
      wide
      open={open}
      onClose={onClose}
      title={t("editor.newTable")}
      description={t("editor.newTableHelp", { schema })}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void submit()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-5">
        <div className="grid gap-4 md:grid-cols-2">
          <Field label={t("editor.name")} error={tried ? badName(name) : undefined}>
            <Input autoFocus name="table-name" value={name} onChange={(e) => setName(e.target.value)} className="font-mono" />
          </Field>
          <Field label={t("common.description")}>
            <Input name="table-description" value={comment} placeholder={t("common.optional")} onChange={(e) => setComment(e.target.value)} />
          </Field>
        </div>
        <div className="space-y-3 rounded-md border p-3">
          <Checkbox label={t("editor.rls")} help={t("editor.rlsHelp")} checked={rls} onChange={(on) => void toggleRls(on)} />
          <Checkbox label={t("editor.realtime")} help={t("editor.realtimeHelp")} checked={realtime} onChange={setRealtime} />
        </div>
        <div>
          <div className="mb-2 text-sm font-semibold">{t("editor.columns")}</div>
          <div className="mb-1 hidden grid-cols-[minmax(0,1.3fr)_28px_minmax(0,1fr)_minmax(0,1.1fr)_44px_60px] gap-2 text-xs text-muted md:grid">
            <span>{t("editor.column.name")}</span>
            <span />
            <span>{t("editor.column.type")}</span>
            <span>{t("editor.column.default")}</span>
            <span className="text-center">{t("editor.column.pk")}</span>
            <span />
          </div>
          <div className="space-y-2">
            {columns.map((c) => (
              <ColumnRow
                key={c.id}
                column={c}
                bad={tried ? badColumn(c) : undefined}
                onChange={(n) => setColumns((all) => all.map((x) => (x.id === c.id ? n : x)))}
                onRemove={() => setColumns((all) => all.filter((x) => x.id !== c.id))}
              />
            ))}
          </div>
          <Defaults />
          <Button className="mt-3 w-full border-dashed" icon={<Plus size={14} />} onClick={() => setColumns((all) => [...all, newColumn()])}>
            {t("editor.addColumn")}
          </Button>
          <p className="mt-2 text-xs text-muted">{t("editor.defaultHelp")}</p>
        </div>
        <ErrorBox error={error} />
      </div>
    </Sheet>
  );
}

/** What the default field offers. */
export function Defaults() {
  return (
    <datalist id="column-defaults">
      {["now()", "gen_random_uuid()", "auth.uid()", "true", "false", "0", "''", "'{}'"].map((d) => (
        <option key={d} value={d} />
      ))}
    </datalist>
  );
}
