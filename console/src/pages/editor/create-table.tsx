import { useQueryClient } from "@tanstack/react-query";
import { FileSpreadsheet, Plus } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { pgList, pgQuery } from "@/api/pg";
import { restFor } from "@/api/rest";
import { Button, Checkbox, Field, Input, Progress } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import { nameProblem } from "@/lib/sql/identifier";
import { columnsSql, type ColumnInfo } from "@/lib/sql/introspect";
import { createTable, type ColumnDraft } from "@/lib/sql/table";
import { ColumnRow } from "./column-row";
import { FilePicker, type Chosen } from "./file-picker";
import { guessColumns, type Mapping } from "./guess";
import { advanceIdentity } from "./identity";
import { importRows, ImportStopped } from "./transfer";

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
  const { toast, confirm, fail } = useFeedback();
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const [rls, setRls] = useState(true);
  const [realtime, setRealtime] = useState(false);
  const [columns, setColumns] = useState<ColumnDraft[]>(start);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [tried, setTried] = useState(false);
  const [picking, setPicking] = useState(false);
  const [source, setSource] = useState<(Chosen & { mapping: Mapping }) | null>(null);
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);

  const wrong = (problem: ReturnType<typeof nameProblem>) => (problem ? t(problem) : undefined);
  const badName = (n: string) => wrong(nameProblem(n));
  const badColumn = (c: ColumnDraft) => wrong(nameProblem(c.name, columns.filter((o) => o !== c).map((o) => o.name.trim())));
  const ok = !badName(name) && columns.every((c) => !badColumn(c) && c.type !== "");

  const submit = async () => {
    setTried(true);
    if (!ok) return;
    setBusy(true);
    setError(null);
    const table = name.trim();
    try {
      await pgQuery(ref, createTable({ schema, name: name.trim(), comment, rls, realtime, columns: columns.map((c) => ({ ...c, name: c.name.trim() })) }));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
    } catch (e) {
      setError(e);
      setBusy(false);
      return;
    }
    try {
      if (source) await fill(table, source);
      toast(t("editor.created", { table }));
    } catch (e) {
      // The table is there; what is missing can be imported on its page.
      fail(e instanceof ImportStopped ? e.cause : e);
    } finally {
      onCreated(table);
      setBusy(false);
      setDone(null);
      setSource(null);
      setPicking(false);
      setName("");
      setComment("");
      setRls(true);
      setRealtime(false);
      setColumns(start());
      setTried(false);
    }
  };
  /** The rows of the file, by the names that the columns have now. */
  const fill = async (table: string, from: Chosen & { mapping: Mapping }) => {
    const control = new AbortController();
    stop.current = control;
    setDone(0);
    const made = await pgList<ColumnInfo>(ref, columnsSql(schema, table));
    await importRows(await restFor(client, ref), schema, table, made, from.data, from.mapping, setDone, control.signal);
    await advanceIdentity(ref, schema, table, made, Object.values(from.mapping).filter((c): c is string => c !== null));
  };
  const take = (chosen: Chosen | null) => {
    if (!chosen) {
      setSource(null);
      return;
    }
    const guessed = guessColumns(chosen.data, newColumn);
    setColumns(guessed.columns);
    setSource({ ...chosen, mapping: guessed.mapping });
    if (name === "") setName(chosen.file.replace(/\.\w+$/, ""));
  };
  /** A column that is renamed or removed takes its field along. */
  const follow = (before: string, after: string | null) =>
    setSource((s) => s && { ...s, mapping: Object.fromEntries(Object.entries(s.mapping).map(([f, c]) => [f, c === before ? after : c])) });
  const toggleRls = async (on: boolean) => {
    if (on || (await confirm({ title: t("editor.rlsOffTitle"), body: t("editor.rlsOffBody"), action: t("editor.rlsOffAction"), danger: true }))) setRls(on);
  };

  return (
    <Sheet
      wide
      open={open}
      onClose={() => {
        stop.current?.abort();
        onClose();
      }}
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
        {picking && (
          <div className="space-y-3 rounded-md border p-3">
            <p className="text-xs text-muted">{t("editor.fromFileHelp")}</p>
            <FilePicker onChosen={take} />
            {source && <p className="text-sm text-ok">{t("editor.fromFileRows", { count: source.data.rows.length, file: source.file })}</p>}
          </div>
        )}
        <div>
          <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
            <span className="text-sm font-semibold">{t("editor.columns")}</span>
            {!picking && (
              <Button size="sm" icon={<FileSpreadsheet size={13} />} onClick={() => setPicking(true)}>
                {t("editor.fromFile")}
              </Button>
            )}
          </div>
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
                onChange={(n) => {
                  if (n.name !== c.name) follow(c.name, n.name.trim());
                  setColumns((all) => all.map((x) => (x.id === c.id ? n : x)));
                }}
                onRemove={() => {
                  follow(c.name, null);
                  setColumns((all) => all.filter((x) => x.id !== c.id));
                }}
              />
            ))}
          </div>
          <Defaults />
          <Button className="mt-3 w-full border-dashed" icon={<Plus size={14} />} onClick={() => setColumns((all) => [...all, newColumn()])}>
            {t("editor.addColumn")}
          </Button>
          <p className="mt-2 text-xs text-muted">{t("editor.defaultHelp")}</p>
        </div>
        {done !== null && source && <Progress value={done / Math.max(1, source.data.rows.length)} label={`${t("editor.importing")} ${count(done)} / ${count(source.data.rows.length)}`} />}
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
