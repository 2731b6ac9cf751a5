import { useQueryClient } from "@tanstack/react-query";
import { Download, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor, type Filter, type Sort } from "@/api/rest";
import { Button, Progress } from "@/components/ui/base";
import { useFeedback } from "@/components/ui/feedback";
import { Dialog, Menu } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count } from "@/lib/format";
import type { ColumnInfo, TableInfo } from "@/lib/sql/introspect";
import { ImportDialog } from "./import-dialog";
import { blockSize } from "./rows";
import { EXPORT_STEP, exportRows, FORMATS, saveBlob, type Format } from "./transfer";

/** Rows of files in, rows to files out. */
export function TransferMenu({ table, columns, filters, order, total, onImported }: { table: TableInfo; columns: ColumnInfo[]; filters: Filter[]; order: Sort[]; total: number; onImported: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { fail } = useFeedback();
  const [importing, setImporting] = useState(false);
  const [exported, setExported] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async (format: Format) => {
    const control = new AbortController();
    stop.current = control;
    setExported(0);
    try {
      saveBlob(await exportRows(await restFor(client, ref), table.schema, table.name, columns, filters, order, blockSize(table, null, EXPORT_STEP), format, setExported, control.signal), `${table.name}.${format}`);
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
        items={FORMATS.map((format) => ({ label: format.toUpperCase(), onSelect: () => void run(format) }))}
      />
      <Dialog open={exported !== null} onClose={() => stop.current?.abort()} title={t("editor.exporting")} footer={<Button onClick={() => stop.current?.abort()}>{t("common.cancel")}</Button>}>
        <Progress value={total > 0 ? Math.min(1, (exported ?? 0) / total) : 1} label={t("editor.exportedRows", { shown: count(exported ?? 0) })} />
      </Dialog>
      {importing && <ImportDialog table={table} columns={columns} onClose={() => setImporting(false)} onDone={onImported} />}
    </>
  );
}
