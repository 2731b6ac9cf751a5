import clsx from "clsx";
import { Link2, SlidersHorizontal, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Checkbox, IconButton, Input } from "@/components/ui/base";
import { isInteger } from "@/lib/pg-types";
import type { ColumnDraft } from "@/lib/sql/table";
import { ForeignKeyDialog } from "./foreign-key";
import { TypePicker } from "./type-picker";

/** One column of the table form: name, type, default, primary key, and the rest behind a button. */
export function ColumnRow({ column: c, bad, fixedKey, onChange, onRemove }: { column: ColumnDraft; bad?: string; /** The table exists: its key is not this form's to change. */ fixedKey?: boolean; onChange: (c: ColumnDraft) => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const [more, setMore] = useState(false);
  const [fk, setFk] = useState(false);
  const set = (change: Partial<ColumnDraft>) => onChange({ ...c, ...change });
  return (
    <div className="rounded-md border p-2 md:border-0 md:p-0">
      <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,1fr)] items-center gap-2 md:grid-cols-[minmax(0,1.3fr)_28px_minmax(0,1fr)_minmax(0,1.1fr)_44px_60px]">
        <Input
          aria-label={t("editor.column.name")}
          aria-invalid={bad !== undefined}
          placeholder="column_name"
          value={c.name}
          className="col-span-2 w-full font-mono text-xs md:col-span-1"
          onChange={(e) => set({ name: e.target.value })}
        />
        <span className="hidden md:block">
          <IconButton label={t("editor.column.fk")} className={c.fk ? "text-accent" : undefined} onClick={() => setFk(true)}>
            <Link2 size={15} />
          </IconButton>
        </span>
        <TypePicker label={t("editor.column.type")} value={c.type} onChange={(type) => set({ type, identity: c.identity && isInteger(type) })} />
        <Input
          aria-label={t("editor.column.default")}
          disabled={c.identity}
          placeholder={c.identity ? t("editor.column.auto") : "NULL"}
          value={c.identity ? "" : c.default}
          className="font-mono text-xs"
          list="column-defaults"
          onChange={(e) => set({ default: e.target.value })}
        />
        <span className="flex items-center gap-1.5 md:justify-center">
          <Checkbox hideLabel label={t("editor.column.pk")} disabled={fixedKey} checked={c.pk} onChange={(pk) => set({ pk, nullable: pk ? false : c.nullable })} />
          <span className="text-xs text-muted md:hidden">{t("editor.column.pk")}</span>
        </span>
        <span className="flex justify-end">
          <IconButton label={t("editor.column.fk")} className={clsx("md:hidden", c.fk && "text-accent")} onClick={() => setFk(true)}>
            <Link2 size={15} />
          </IconButton>
          <IconButton label={t("editor.column.more")} className={more ? "bg-hover" : undefined} onClick={() => setMore(!more)}>
            <SlidersHorizontal size={14} />
          </IconButton>
          <IconButton label={t("editor.column.remove")} onClick={onRemove}>
            <X size={15} />
          </IconButton>
        </span>
      </div>
      {bad && <p className="mt-1 text-xs text-danger">{bad}</p>}
      {(c.fk || more) && (
        <div className="mt-2 space-y-2 rounded-md bg-raised p-3">
          {c.fk && (
            <p className="font-mono text-xs text-muted">
              {"→ "}
              {`${c.fk.schema}.${c.fk.table}.${c.fk.column}`}
              <button type="button" className="ml-2 text-accent underline" onClick={() => set({ fk: null })}>
                {t("editor.fk.remove")}
              </button>
            </p>
          )}
          {more && (
            <>
              <div className="grid gap-2 sm:grid-cols-2">
                <Checkbox label={t("editor.column.nullable")} disabled={c.pk} checked={c.nullable && !c.pk} onChange={(nullable) => set({ nullable })} />
                <Checkbox label={t("editor.column.unique")} checked={c.unique || c.pk} disabled={c.pk} onChange={(unique) => set({ unique })} />
                <Checkbox label={t("editor.column.identity")} help={t("editor.column.identityHelp")} checked={c.identity} disabled={!isInteger(c.type)} onChange={(identity) => set({ identity })} />
                <Checkbox label={t("editor.column.array")} checked={c.array} disabled={c.identity} onChange={(array) => set({ array })} />
              </div>
              <Input aria-label={t("common.description")} placeholder={t("common.description")} value={c.comment ?? ""} onChange={(e) => set({ comment: e.target.value })} />
            </>
          )}
        </div>
      )}
      <ForeignKeyDialog open={fk} value={c.fk} columnName={c.name} onClose={() => setFk(false)} onSave={(key, type) => set({ fk: key, ...(type && !c.identity ? { type } : {}) })} />
    </div>
  );
}
