import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Row } from "@/api/rest";
import { Button } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { ValueField } from "./value-field";
import { fromText, toText } from "./values";

/**
 * One row as a form: a new one (`row` null), where a field left alone gets the column's default, or
 * one that is there, of which only changed fields are written.
 */
export function RowSheet({ table, columns, row, readOnly, onClose, onInsert, onChange }: { table: string; columns: ColumnInfo[]; row: Row | null; readOnly: boolean; onClose: () => void; onInsert: (row: Row) => Promise<void>; onChange: (row: Row, change: Row) => Promise<void> }) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Record<string, string | null>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const frozen = readOnly && row !== null;
  const submit = async (again: boolean) => {
    if (frozen) return;
    setBusy(true);
    setError(null);
    try {
      const typed: Row = {};
      for (const c of columns) {
        const v = values[c.name];
        if (v !== undefined) typed[c.name] = v === null ? null : fromText(v, c);
      }
      if (row === null) await onInsert(typed);
      else if (Object.keys(typed).length > 0) await onChange(row, typed);
      setValues({});
      if (!again) onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const hint = (c: ColumnInfo) => {
    if (row !== null) return row[c.name] === null ? "NULL" : "";
    return c.identity ? t("editor.column.auto") : c.default !== null ? t("editor.defaultIs", { value: c.default }) : c.nullable ? "NULL" : t("editor.required");
  };
  const textOf = (c: ColumnInfo) => {
    const v = values[c.name];
    if (v === null) return "";
    return v ?? (row === null ? "" : toText(row[c.name], c));
  };
  const forget = (c: ColumnInfo) =>
    setValues((v) => {
      const { [c.name]: _, ...rest } = v;
      return rest;
    });
  return (
    <Sheet
      open
      onClose={onClose}
      title={t(row === null ? "editor.insertInto" : "editor.rowOf", { table })}
      description={row === null ? t("editor.insertHelp") : undefined}
      footer={
        <>
          <Button onClick={onClose}>{t(frozen ? "common.close" : "common.cancel")}</Button>
          {row === null && (
            <Button busy={busy} onClick={() => void submit(true)}>
              {t("editor.insertAgain")}
            </Button>
          )}
          {!frozen && (
            <Button variant="primary" busy={busy} disabled={row !== null && Object.keys(values).length === 0} onClick={() => void submit(false)}>
              {t(row === null ? "editor.insert" : "common.save")}
            </Button>
          )}
        </>
      }
    >
      <form
        className="space-y-4"
        onSubmit={(e) => {
          e.preventDefault();
          void submit(false);
        }}
      >
        {columns
          .filter((c) => row !== null || (!c.generated && c.identity !== "a"))
          .map((c) => {
            const fixed = frozen || c.generated || c.identity === "a";
            return (
              <div key={c.name}>
                <div className="mb-1 flex items-baseline gap-2">
                  <span className="text-sm font-medium break-all">{c.name}</span>
                  <span className="font-mono text-xs text-muted">{c.type}</span>
                  {!fixed && (
                    <span className="ml-auto text-xs whitespace-nowrap">
                      {values[c.name] !== undefined && (
                        <button type="button" className="text-accent underline" onClick={() => forget(c)}>
                          {t(row === null ? "editor.useDefault" : "editor.undo")}
                        </button>
                      )}
                      {c.nullable && values[c.name] !== null && (
                        <button type="button" className="ml-2 text-accent underline" onClick={() => setValues((v) => ({ ...v, [c.name]: null }))}>
                          {t("editor.setNull")}
                        </button>
                      )}
                    </span>
                  )}
                </div>
                <ValueField column={c} readOnly={fixed} value={textOf(c)} placeholder={values[c.name] === null ? "NULL" : hint(c)} onChange={(x) => setValues((v) => ({ ...v, [c.name]: x }))} />
                {c.comment && <p className="mt-1 text-xs text-muted">{c.comment}</p>}
              </div>
            );
          })}
        <ErrorBox error={error} />
        <button type="submit" hidden />
      </form>
    </Sheet>
  );
}
