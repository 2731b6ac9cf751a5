import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Button, Checkbox } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { primaryKeySql, type ColumnInfo } from "@/lib/sql/introspect";
import { setPrimaryKey } from "@/lib/sql/table";

/** Which columns tell the rows of a table apart. */
export function PrimaryKeyDialog({ schema, table, columns, onClose, onSave }: { schema: string; table: string; columns: ColumnInfo[]; onClose: () => void; onSave: (sql: string) => Promise<void> }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const { toast } = useFeedback();
  const before = columns.filter((c) => c.pk).map((c) => c.name);
  const [chosen, setChosen] = useState(before);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const key = usePgList<{ name: string }>(ref, ["primary-key", schema, table], primaryKeySql(schema, table));
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await onSave(setPrimaryKey(schema, table, key.data?.[0]?.name ?? null, chosen));
      toast(t("common.saved"));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("editor.primaryKey")}
      description={t("editor.primaryKeyHelp")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={!key.isSuccess || chosen.join() === before.join()} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-2">
        {columns.map((c) => (
          <Checkbox key={c.name} label={`${c.name} (${c.type})`} checked={chosen.includes(c.name)} onChange={(on) => setChosen(on ? [...chosen, c.name] : chosen.filter((x) => x !== c.name))} />
        ))}
        {chosen.length === 0 && <p className="text-sm text-warn">{t("editor.noKeyHelp")}</p>}
        <ErrorBox error={error ?? key.error} />
      </div>
    </Dialog>
  );
}
