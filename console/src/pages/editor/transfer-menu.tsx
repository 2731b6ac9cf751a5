import { useQueryClient } from "@tanstack/react-query";
import { Download, FileUp, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor, type Filter, type Sort } from "@/api/rest";
import { Button, Progress, Textarea } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog, Menu } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import type { ColumnInfo, TableInfo } from "@/lib/sql/introspect";
import { exportRows, importRows, parseText, saveBlob, type Parsed } from "./transfer";
import { display } from "./values";

export function TransferMenu({ table, columns, filters, order, onImported }: { table: TableInfo; columns: ColumnInfo[]; filters: Filter[]; order: Sort[]; onImported: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { fail } = useFeedback();
  const [importing, setImporting] = useState(false);
  const [exported, setExported] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async (format: "csv" | "json") => {
    const control = new AbortController();
    stop.current = control;
    setExported(0);
    try {
      saveBlob(await exportRows(await restFor(client, ref), table.schema, table.name, columns, filters, order, format, setExported, control.signal), `${table.name}.${format}`);
    } catch (error) {
      if (!control.signal.aborted) fail(error);
    } finally {
      setExported(null);
    }
  };
  return (
    <>
      {(table.kind === "r" || table.kind === "p") && (
        <Button size="sm" icon={<Upload size={13} />} onClick={() => setImporting(true)}>
          {t("editor.import")}
        </Button>
      )}
      <Menu
        trigger={
          <Button size="sm" icon={<Download size={13} />}>
            {t("editor.export")}
          </Button>
        }
        items={[
          { label: "CSV", onSelect: () => void run("csv") },
          { label: "JSON", onSelect: () => void run("json") },
        ]}
      />
      <Dialog open={exported !== null} onClose={() => stop.current?.abort()} title={t("editor.exporting")} footer={<Button onClick={() => stop.current?.abort()}>{t("common.cancel")}</Button>}>
        <Progress value={table.rows > 0 ? Math.min(1, (exported ?? 0) / table.rows) : 1} label={t("editor.exportedRows", { shown: count(exported ?? 0) })} />
      </Dialog>
      {importing && <ImportDialog table={table} columns={columns} onClose={() => setImporting(false)} onDone={onImported} />}
    </>
  );
}

function ImportDialog({ table, columns, onClose, onDone }: { table: TableInfo; columns: ColumnInfo[]; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState("");
  const [data, setData] = useState<Parsed | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const known = new Set(columns.filter((c) => !c.generated).map((c) => c.name));
  const used = data?.fields.filter((f) => known.has(f)) ?? [];
  const unused = data?.fields.filter((f) => !known.has(f)) ?? [];
  const read = (text: string) => {
    setError(null);
    try {
      setData(text.trim() === "" ? null : parseText(text));
    } catch (e) {
      setData(null);
      setError(e);
    }
  };
  const run = async () => {
    if (!data) return;
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setDone(0);
    try {
      await importRows(await restFor(client, ref), table.schema, table.name, columns, data, setDone, control.signal);
      toast(t("editor.imported", { count: data.rows.length }));
      onDone();
      onClose();
    } catch (e) {
      if (!control.signal.aborted) setError(e);
      onDone();
    } finally {
      setDone(null);
    }
  };
  return (
    <Dialog
      open
      wide
      onClose={() => {
        stop.current?.abort();
        onClose();
      }}
      title={t("editor.importInto", { table: table.name })}
      description={t("editor.importHelp")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" disabled={used.length === 0 || data?.rows.length === 0} busy={done !== null} onClick={() => void run()}>
            {t("editor.importRows", { count: data?.rows.length ?? 0 })}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        <div className="flex items-center gap-3">
          <Button icon={<FileUp size={14} />} onClick={() => picker.current?.click()}>
            {t("editor.chooseFile")}
          </Button>
          <span className="truncate text-sm text-muted">{file}</span>
        </div>
        <input
          ref={picker}
          hidden
          type="file"
          accept=".csv,.tsv,.txt,.json,text/csv,application/json"
          onChange={(e) => {
            const chosen = e.target.files?.[0];
            e.target.value = "";
            setFile(chosen?.name ?? "");
            if (chosen) void chosen.text().then(read, setError);
          }}
        />
        <Textarea placeholder={t("editor.pasteHere")} aria-label={t("editor.pasteHere")} rows={4} className="font-mono text-xs" onChange={(e) => read(e.target.value)} />
        {data && (
          <>
            <p className="text-sm">
              {t("editor.importPreview", { count: data.rows.length, columns: used.length })}
              {unused.length > 0 && <span className="text-warn"> {t("editor.importUnused", { columns: unused.join(", ") })}</span>}
            </p>
            <div className="scroll-thin max-h-56 overflow-auto rounded-md border">
              <table className="font-mono text-xs">
                <thead>
                  <tr className="border-b bg-raised text-left">
                    {used.map((f) => (
                      <th key={f} className="px-2 py-1 font-semibold">
                        {f}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.rows.slice(0, 20).map((r, i) => (
                    <tr key={i} className="border-b last:border-0">
                      {used.map((f) => (
                        <td key={f} className="max-w-60 truncate px-2 py-1">
                          {display(r[f])}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
        {done !== null && data && <Progress value={done / Math.max(1, data.rows.length)} label={`${count(done)} / ${count(data.rows.length)}`} />}
        {error !== null && done === null && <ErrorBox error={error} />}
      </div>
    </Dialog>
  );
}
