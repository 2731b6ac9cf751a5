import { ListFilter, Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { OPERATORS, type Filter, type Operator } from "@/api/rest";
import { Button, IconButton, Input, Select } from "@/components/ui/base";
import { editorFor } from "@/lib/pg-types";
import type { ColumnInfo } from "@/lib/sql/introspect";

/** Comparisons that a column's type has: patterns are for texts. */
function operatorsOf(c: ColumnInfo | undefined): readonly Operator[] {
  const kind = c ? editorFor(c.base, c.kind) : "text";
  if (kind === "long") return OPERATORS;
  if (kind === "bool" || kind === "json" || kind === "array") return ["eq", "neq", "is", "not.is"];
  return OPERATORS.filter((o) => o !== "like" && o !== "ilike");
}

/** Conditions above the rows; applied by Enter or the button, shown as chips. */
export function FilterBar({ columns, filters, onChange }: { columns: ColumnInfo[]; filters: Filter[]; onChange: (filters: Filter[]) => void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Filter | null>(null);
  const column = columns.find((c) => c.name === draft?.column);
  const choices = column && (column.kind === "e" ? column.enums : column.base === "bool" ? ["true", "false"] : null);
  const isNull = draft?.op === "is" || draft?.op === "not.is";
  const begin = (c: ColumnInfo | undefined, value: string): Filter => ({ column: c?.name ?? "", op: c && editorFor(c.base, c.kind) === "long" ? "ilike" : "eq", value });
  const add = () => {
    if (!draft) return;
    onChange([...filters, draft]);
    setDraft(null);
  };
  return (
    <div className="flex min-h-9 flex-wrap items-center gap-2 border-b bg-panel px-3 py-1 text-xs">
      <ListFilter size={13} className="text-faint" />
      {filters.map((f, i) => (
        <span key={i} className="inline-flex items-center gap-1 rounded bg-raised py-0.5 pr-0.5 pl-2 font-mono">
          {f.column} <b>{t(`editor.op.${f.op}`)}</b> {f.op === "is" || f.op === "not.is" ? (f.value || "null") : f.value}
          <IconButton label={t("editor.removeFilter")} className="size-5" onClick={() => onChange(filters.filter((_, j) => j !== i))}>
            <X size={12} />
          </IconButton>
        </span>
      ))}
      {draft ? (
        <form
          className="flex flex-wrap items-center gap-1.5"
          onSubmit={(e) => {
            e.preventDefault();
            add();
          }}
        >
          <Select aria-label={t("editor.column.name")} className="h-7 w-36 text-xs" value={draft.column} onChange={(e) => setDraft(begin(columns.find((c) => c.name === e.target.value), draft.value))}>
            {columns.map((c) => (
              <option key={c.name} value={c.name}>
                {c.name}
              </option>
            ))}
          </Select>
          <Select aria-label={t("editor.operator")} className="h-7 w-32 text-xs" value={draft.op} onChange={(e) => setDraft({ ...draft, op: e.target.value as Operator })}>
            {operatorsOf(column).map((o) => (
              <option key={o} value={o}>
                {t(`editor.op.${o}`)}
              </option>
            ))}
          </Select>
          {choices && !isNull ? (
            <Select autoFocus aria-label={t("editor.value")} className="h-7 w-36 font-mono text-xs" value={draft.value} onChange={(e) => setDraft({ ...draft, value: e.target.value })}>
              <option value="">{t("common.choose")}</option>
              {choices.map((x) => (
                <option key={x}>{x}</option>
              ))}
            </Select>
          ) : (
            <Input autoFocus aria-label={t("editor.value")} className="h-7 w-44 font-mono text-xs" placeholder={isNull ? "null" : draft.op === "in" ? "a, b, c" : t("editor.value")} value={draft.value} onChange={(e) => setDraft({ ...draft, value: e.target.value })} />
          )}
          <Button size="sm" type="submit" variant="primary">
            {t("editor.apply")}
          </Button>
          <Button size="sm" variant="ghost" onClick={() => setDraft(null)}>
            {t("common.cancel")}
          </Button>
        </form>
      ) : (
        <Button size="sm" variant="ghost" icon={<Plus size={12} />} onClick={() => setDraft(begin(columns.find((c) => !c.pk && editorFor(c.base, c.kind) === "long") ?? columns[0], ""))}>
          {t("editor.addFilter")}
        </Button>
      )}
      {filters.length > 1 && (
        <Button size="sm" variant="ghost" onClick={() => onChange([])}>
          {t("editor.clearFilters")}
        </Button>
      )}
    </div>
  );
}
