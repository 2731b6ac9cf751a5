import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ON_CONFLICT, restFor, type OnConflict } from "@/api/rest";
import { Button, Field, Progress, Select } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import type { ColumnInfo, TableInfo } from "@/lib/sql/introspect";
import { FilePicker, type Chosen } from "./file-picker";
import { guessMapping, type Mapping } from "./guess";
import { advanceIdentity } from "./identity";
import { ImportStopped, importRows } from "./transfer";
import { display } from "./values";

const PREVIEW = 8;

/** Rows of a file into a table: choose the file, say which of its columns goes where, watch it go in. */
export function ImportDialog({ table, columns, onClose, onDone }: { table: TableInfo; columns: ColumnInfo[]; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [mapping, setMapping] = useState<Mapping>({});
  const [conflict, setConflict] = useState<OnConflict>("refuse");
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const data = chosen?.data ?? null;
  const writable = columns.filter((c) => !c.generated);
  const targets = Object.values(mapping).filter((c): c is string => c !== null);
  const twice = targets.find((c, i) => targets.indexOf(c) !== i);
  const missing = columns.filter((c) => !c.nullable && c.default === null && c.identity === "" && !c.generated && !targets.includes(c.name)).map((c) => c.name);

  const run = async () => {
    if (!data) return;
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setDone(0);
    try {
      await importRows(await restFor(client, ref), table.schema, table.name, columns, data, mapping, setDone, control.signal, conflict);
      await advanceIdentity(ref, table.schema, table.name, columns, targets);
      toast(t("editor.imported", { count: data.rows.length }));
      onClose();
    } catch (e) {
      if (!control.signal.aborted) setError(e);
    } finally {
      setDone(null);
      onDone();
    }
  };
  const close = () => {
    stop.current?.abort();
    onClose();
  };
  return (
    <Dialog
      open
      wide
      onClose={close}
      title={t("editor.importInto", { table: table.name })}
      description={t("editor.importHelp")}
      footer={
        <>
          <Button onClick={close}>{t("common.cancel")}</Button>
          <Button variant="primary" disabled={targets.length === 0 || twice !== undefined || data?.rows.length === 0} busy={done !== null} onClick={() => void run()}>
            {t("editor.importRows", { count: data?.rows.length ?? 0 })}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <FilePicker
          onChosen={(c) => {
            setChosen(c);
            setError(null);
            setMapping(c ? guessMapping(c.data.fields, columns) : {});
          }}
        />
        {data && (
          <>
            <p className="text-sm">{t("editor.importCount", { count: data.rows.length })}</p>
            <div className="scroll-thin max-h-64 overflow-auto rounded-md border">
              <table className="w-full text-left text-xs">
                <thead>
                  <tr className="border-b bg-raised">
                    <th className="px-3 py-1.5 font-medium">{t("editor.importField")}</th>
                    <th className="px-3 py-1.5 font-medium">{t("editor.importTarget")}</th>
                    <th className="hidden px-3 py-1.5 font-medium sm:table-cell">{t("editor.importSample")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.fields.map((f) => (
                    <tr key={f} className="border-b last:border-0">
                      <td className="max-w-40 truncate px-3 py-1 font-mono">{f}</td>
                      <td className="px-3 py-1">
                        <Select aria-label={`${t("editor.importTarget")}: ${f}`} className="h-7 w-full text-xs" value={mapping[f] ?? ""} onChange={(e) => setMapping({ ...mapping, [f]: e.target.value === "" ? null : e.target.value })}>
                          <option value="">{t("editor.importSkip")}</option>
                          {writable.map((c) => (
                            <option key={c.name} value={c.name}>
                              {`${c.name} (${c.type})`}
                            </option>
                          ))}
                        </Select>
                      </td>
                      <td className="hidden max-w-60 truncate px-3 py-1 font-mono text-muted sm:table-cell">
                        {data.rows
                          .slice(0, 3)
                          .map((r) => display(r[f]).slice(0, 40))
                          .join(" · ")}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {twice !== undefined && <p className="text-sm text-danger">{t("editor.importTwice", { column: twice })}</p>}
            {missing.length > 0 && <p className="text-sm text-warn">{t("editor.importMissing", { columns: missing.join(", ") })}</p>}
            {columns.some((c) => c.pk && targets.includes(c.name)) && (
              <Field label={t("editor.importConflict")}>
                <Select value={conflict} onChange={(e) => setConflict(e.target.value as OnConflict)}>
                  {ON_CONFLICT.map((x) => (
                    <option key={x} value={x}>
                      {t(`editor.importConflicts.${x}`)}
                    </option>
                  ))}
                </Select>
              </Field>
            )}
            <Preview data={chosen} mapping={mapping} />
          </>
        )}
        {done !== null && data && <Progress value={done / Math.max(1, data.rows.length)} label={`${t("editor.importing")} ${count(done)} / ${count(data.rows.length)}`} />}
        {error instanceof ImportStopped ? (
          <div className="space-y-2">
            <ErrorBox error={error.cause} />
            <p className="text-sm text-muted">{t("editor.importFailed", { from: error.from, to: error.to, done: error.done })}</p>
          </div>
        ) : (
          <ErrorBox error={error} />
        )}
      </div>
    </Dialog>
  );
}

function Preview({ data: chosen, mapping }: { data: Chosen | null; mapping: Mapping }) {
  const { t } = useTranslation();
  const used = (chosen?.data.fields ?? []).filter((f) => mapping[f] !== null && mapping[f] !== undefined);
  const rows = (chosen?.data.rows ?? []).slice(0, PREVIEW);
  if (used.length === 0) return null;
  return (
    <div>
      <p className="mb-1 text-xs text-muted">{t("editor.importFirst", { count: rows.length })}</p>
      <div className="scroll-thin max-h-44 overflow-auto rounded-md border">
        <table className="font-mono text-xs">
          <thead>
            <tr className="border-b bg-raised text-left">
              {used.map((f) => (
                <th key={f} className="px-2 py-1 font-semibold whitespace-nowrap">
                  {mapping[f]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r, i) => (
              <tr key={i} className="border-b last:border-0">
                {used.map((f) => (
                  <td key={f} className="max-w-60 truncate px-2 py-1">
                    {display(r[f]).slice(0, 200)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
