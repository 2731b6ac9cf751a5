import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Button, Field, Select } from "@/components/ui/base";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { columnsSql, tablesSql, type ColumnInfo, type TableInfo } from "@/lib/sql/introspect";
import type { ForeignKeyDraft } from "@/lib/sql/table";

const ON_DELETE: ForeignKeyDraft["onDelete"][] = ["no action", "cascade", "set null", "set default", "restrict"];

/** Picks what a column points at: schema and table, column, what happens on delete. */
export function ForeignKeyDialog({ open, value, columnName, onClose, onSave }: { open: boolean; value: ForeignKeyDraft | null; columnName: string; onClose: () => void; onSave: (fk: ForeignKeyDraft | null, type?: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [table, setTable] = useState(value ? JSON.stringify([value.schema, value.table]) : "");
  const [column, setColumn] = useState(value?.column ?? "");
  const [onDelete, setOnDelete] = useState(value?.onDelete ?? "no action");
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql(), { enabled: open });
  const [schema, name] = table ? (JSON.parse(table) as [string, string]) : ["", ""];
  const columns = usePgList<ColumnInfo>(ref, ["columns", schema, name], columnsSql(schema, name), { enabled: open && name !== "" });
  const targets = (columns.data ?? []).filter((c) => c.pk || c.unique);
  const chosen = targets.find((c) => c.name === column) ?? targets[0];
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("editor.fk.title", { column: columnName || "…" })}
      footer={
        <>
          {value && (
            <Button
              onClick={() => {
                onSave(null);
                onClose();
              }}
            >
              {t("editor.fk.remove")}
            </Button>
          )}
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button
            variant="primary"
            disabled={!chosen}
            onClick={() => {
              if (chosen) onSave({ schema, table: name, column: chosen.name, onDelete }, chosen.base);
              onClose();
            }}
          >
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("editor.fk.table")}>
          <Select value={table} onChange={(e) => setTable(e.target.value)}>
            <option value="">{t("common.choose")}</option>
            {(tables.data ?? [])
              .filter((x) => x.kind === "r" || x.kind === "p")
              .map((x) => (
                <option key={x.oid} value={JSON.stringify([x.schema, x.name])}>
                  {`${x.schema}.${x.name}`}
                </option>
              ))}
          </Select>
        </Field>
        {name !== "" && (
          <Field label={t("editor.fk.column")} help={columns.isSuccess && targets.length === 0 ? t("editor.fk.noTarget") : t("editor.fk.typeFollows")}>
            <Select value={chosen?.name ?? ""} onChange={(e) => setColumn(e.target.value)}>
              {targets.map((c) => (
                <option key={c.name} value={c.name}>
                  {`${c.name} (${c.type})`}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label={t("editor.fk.onDelete")}>
          <Select value={onDelete} onChange={(e) => setOnDelete(e.target.value as ForeignKeyDraft["onDelete"])}>
            {ON_DELETE.map((x) => (
              <option key={x} value={x}>
                {t(`editor.fk.actions.${x}`)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Dialog>
  );
}
