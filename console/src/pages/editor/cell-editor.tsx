import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { ValueField } from "./value-field";
import { fromText, toText } from "./values";

/** The panel over a cell. Enter saves (Ctrl-Enter in long texts), Escape leaves. */
export function CellEditor({ column: c, value, onSave, onCancel }: { column: ColumnInfo; value: unknown; onSave: (value: unknown) => Promise<void>; onCancel: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => toText(value, c));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fixed = c.generated || c.identity === "a";
  const save = async (next: () => unknown) => {
    setBusy(true);
    setError(null);
    try {
      await onSave(next());
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div
      className="space-y-2"
      onKeyDown={(e) => {
        const multi = e.target instanceof HTMLTextAreaElement;
        if (e.key === "Enter" && !e.nativeEvent.isComposing && !fixed && (!multi || e.ctrlKey || e.metaKey)) {
          e.preventDefault();
          void save(() => fromText(text, c));
        }
        e.stopPropagation();
        if (e.key === "Escape") onCancel();
      }}
    >
      <div className="flex items-baseline gap-2 text-xs">
        <b>{c.name}</b>
        <span className="font-mono text-muted">{c.type}</span>
      </div>
      <ValueField autoFocus column={c} value={text} onChange={setText} />
      {fixed && <p className="text-xs text-muted">{t("editor.fixedColumn")}</p>}
      <ErrorBox error={error} />
      <div className="flex items-center gap-2">
        <Button size="sm" variant="primary" busy={busy} disabled={fixed} onClick={() => void save(() => fromText(text, c))}>
          {t("common.save")}
        </Button>
        <Button size="sm" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        {c.nullable && !fixed && (
          <Button size="sm" variant="ghost" className="ml-auto" disabled={busy} onClick={() => void save(() => null)}>
            {t("editor.setNull")}
          </Button>
        )}
      </div>
    </div>
  );
}
