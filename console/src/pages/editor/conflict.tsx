import { useTranslation } from "react-i18next";
import type { Row } from "@/api/rest";
import { Button } from "@/components/ui/base";
import { Dialog } from "@/components/ui/overlay";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { changedColumns, display } from "./values";

export interface Conflict {
  /** The row as the editor was opened on it, as it is now (null: gone), and what was to be written. */
  before: Row;
  now: Row | null;
  change: Row;
}

/** Somebody else was quicker: what they wrote, what was to be written, and the choice between them. */
export function ConflictDialog({ conflict, columns, onReload, onOverwrite, onClose }: { conflict: Conflict | null; columns: ColumnInfo[]; onReload: () => void; onOverwrite: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  if (!conflict) return null;
  const { before, now, change } = conflict;
  const theirs = now ? changedColumns(before, now, columns) : [];
  const shown = columns.filter((c) => theirs.includes(c) || c.name in change);
  const cell = (value: unknown) => (value === null || value === undefined ? <span className="text-faint">NULL</span> : display(value).slice(0, 400));
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t(now ? "editor.conflict.title" : "editor.conflict.goneTitle")}
      description={t(now ? "editor.conflict.body" : "editor.conflict.goneBody")}
      footer={
        <>
          <Button variant={now ? "plain" : "primary"} onClick={onReload}>
            {t("editor.conflict.reload")}
          </Button>
          {now && (
            <Button variant="danger" onClick={onOverwrite}>
              {t("editor.conflict.overwrite")}
            </Button>
          )}
        </>
      }
    >
      {now && (
        <div className="scroll-thin overflow-x-auto rounded-md border">
          <table className="w-full text-left text-xs">
            <thead>
              <tr className="border-b bg-raised">
                <th className="px-3 py-1.5 font-medium">{t("editor.column.name")}</th>
                <th className="px-3 py-1.5 font-medium">{t("editor.conflict.before")}</th>
                <th className="px-3 py-1.5 font-medium">{t("editor.conflict.theirs")}</th>
                <th className="px-3 py-1.5 font-medium">{t("editor.conflict.yours")}</th>
              </tr>
            </thead>
            <tbody className="font-mono">
              {shown.map((c) => (
                <tr key={c.name} className="border-b align-top break-all last:border-0">
                  <td className="px-3 py-1.5 font-semibold">{c.name}</td>
                  <td className="px-3 py-1.5 text-muted">{cell(before[c.name])}</td>
                  <td className={theirs.includes(c) ? "px-3 py-1.5 text-warn" : "px-3 py-1.5"}>{cell(now[c.name])}</td>
                  <td className="px-3 py-1.5 text-accent">{c.name in change ? cell(change[c.name]) : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Dialog>
  );
}
