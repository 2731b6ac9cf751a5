import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { IconButton, Progress } from "@/components/ui/base";

export interface UploadItem {
  id: string;
  name: string;
  size: number;
  /** 0 to 1; 1 is done. */
  done: number;
  error: unknown;
  control: AbortController;
  file: File;
}

/** What is on its way, below the list. */
export function UploadList({ items, onClear }: { items: UploadItem[]; onClear: () => void }) {
  const { t } = useTranslation();
  if (items.length === 0) return null;
  const done = items.filter((i) => i.done === 1).length;
  const failed = items.filter((i) => i.error !== null).length;
  const busy = done + failed < items.length;
  return (
    <div className="border-t bg-panel">
      <div className="flex items-center gap-3 px-4 py-2">
        <div className="flex-1">
          <Progress value={items.reduce((s, i) => s + (i.error !== null ? 1 : i.done), 0) / items.length} label={t("storage.uploading", { done, count: items.length })} />
        </div>
        <IconButton
          label={busy ? t("common.cancel") : t("common.close")}
          onClick={() => {
            for (const i of items) i.control.abort();
            if (!busy) onClear();
          }}
        >
          <X size={14} />
        </IconButton>
      </div>
      {failed > 0 && (
        <ul className="scroll-thin max-h-28 overflow-auto px-4 pb-2 text-xs text-danger">
          {items
            .filter((i) => i.error !== null)
            .map((i) => (
              <li key={i.id}>{`${i.name}: ${i.error instanceof Error ? i.error.message : String(i.error)}`}</li>
            ))}
        </ul>
      )}
    </div>
  );
}

/** Files of a drop, folders included, with their paths. */
export async function droppedFiles(data: DataTransfer): Promise<{ file: File; path: string }[]> {
  const roots = [...data.items].map((i) => i.webkitGetAsEntry()).filter((e): e is FileSystemEntry => e !== null);
  if (roots.length === 0) return [...data.files].map((file) => ({ file, path: file.name }));
  const out: { file: File; path: string }[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((ok, bad) => (entry as FileSystemFileEntry).file(ok, bad));
      out.push({ file, path: entry.fullPath.replace(/^\//, "") });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A reader hands out its entries in portions.
      const part = await new Promise<FileSystemEntry[]>((ok, bad) => reader.readEntries(ok, bad));
      if (part.length === 0) break;
      for (const e of part) await walk(e);
    }
  };
  for (const r of roots) await walk(r);
  return out;
}
