import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Row } from "@/api/rest";
import { Button } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { ValueField } from "./value-field";
import { fromText } from "./values";

/** Inserting one row. A field left alone gets the column's default. */
export function InsertSheet({ open, table, columns, onClose, onInsert }: { open: boolean; table: string; columns: ColumnInfo[]; onClose: () => void; onInsert: (row: Row) => Promise<void> }) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Record<string, string | null>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (again: boolean) => {
    setBusy(true);
    setError(null);
    try {
      const row: Row = {};
      for (const c of columns) {
        const v = values[c.name];
        if (v === undefined) continue;
        row[c.name] = v === null ? null : fromText(v, c);
      }
      await onInsert(row);
      setValues({});
      if (!again) onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const hint = (c: ColumnInfo) =>
    c.identity ? t("editor.column.auto") : c.default !== null ? t("editor.defaultIs", { value: c.default }) : c.nullable ? "NULL" : t("editor.required");
  return (
    <Sheet
      open={open}
      onClose={onClose}
      title={t("editor.insertInto", { table })}
      description={t("editor.insertHelp")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button busy={busy} onClick={() => void submit(true)}>
            {t("editor.insertAgain")}
          </Button>
          <Button variant="primary" busy={busy} onClick={() => void submit(false)}>
            {t("editor.insert")}
          </Button>
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
          .filter((c) => !c.generated && c.identity !== "a")
          .map((c) => (
            <div key={c.name}>
              <div className="mb-1 flex items-baseline gap-2">
                <span className="text-sm font-medium">{c.name}</span>
                <span className="font-mono text-xs text-muted">{c.type}</span>
                <span className="ml-auto text-xs">
                  {values[c.name] !== undefined && (
                    <button
                      type="button"
                      className="text-accent underline"
                      onClick={() =>
                        setValues((v) => {
                          const { [c.name]: _, ...rest } = v;
                          return rest;
                        })
                      }
                    >
                      {t("editor.useDefault")}
                    </button>
                  )}
                  {c.nullable && values[c.name] !== null && (
                    <button type="button" className="ml-2 text-accent underline" onClick={() => setValues((v) => ({ ...v, [c.name]: null }))}>
                      {t("editor.setNull")}
                    </button>
                  )}
                </span>
              </div>
              <ValueField column={c} value={values[c.name] ?? ""} placeholder={values[c.name] === null ? "NULL" : hint(c)} onChange={(x) => setValues((v) => ({ ...v, [c.name]: x }))} />
              {c.comment && <p className="mt-1 text-xs text-muted">{c.comment}</p>}
            </div>
          ))}
        <ErrorBox error={error} />
        <button type="submit" hidden />
      </form>
    </Sheet>
  );
}
