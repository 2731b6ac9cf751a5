import { CircleCheck, Pause, Play, RotateCcw, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { Button, IconButton, Progress } from "@/components/ui/base";
import { useHint } from "@/components/ui/feedback";
import { bytes } from "@/lib/format";
import type { UploadItem, UploadQueue } from "./upload-queue";

/** What is on its way, below the list, with a line for each file that is not done. */
export function UploadList({ queue }: { queue: UploadQueue }) {
  const { t } = useTranslation();
  const items = useSyncExternalStore(queue.subscribe, queue.snapshot);
  if (items.length === 0) return null;
  const done = items.filter((i) => i.state === "done").length;
  const open = items.filter((i) => i.state !== "done");
  const total = items.reduce((sum, i) => sum + Math.max(1, i.size), 0);
  const sent = items.reduce((sum, i) => sum + Math.max(1, i.size) * i.done, 0);
  return (
    <section aria-label={t("storage.uploads")} className="shrink-0 border-t bg-panel">
      <div className="flex items-center gap-3 px-4 py-2">
        <div className="flex-1">
          <Progress value={sent / total} label={t("storage.uploading", { done, count: items.length })} />
        </div>
        <Button size="sm" variant="ghost" disabled={!items.some((i) => i.state === "done" || i.state === "failed")} onClick={() => queue.clear()}>
          {t("storage.clearDone")}
        </Button>
      </div>
      {open.length > 0 && (
        <ul className="scroll-thin max-h-44 divide-y overflow-auto border-t text-xs">
          {open.slice(0, 200).map((i) => (
            <Line key={i.id} item={i} queue={queue} />
          ))}
        </ul>
      )}
      {open.length === 0 && (
        <p className="flex items-center gap-1.5 px-4 pb-2 text-xs text-ok">
          <CircleCheck size={13} />
          {t("storage.allUploaded")}
        </p>
      )}
    </section>
  );
}

function Line({ item: i, queue }: { item: UploadItem; queue: UploadQueue }) {
  const { t } = useTranslation();
  const hint = useHint(i.error instanceof ApiError ? i.error : null);
  const reason = i.error instanceof Error ? i.error.message : i.error === null ? "" : String(i.error);
  return (
    <li className="flex items-center gap-3 px-4 py-1.5">
      <span className="min-w-0 flex-1">
        <span className="block truncate font-mono">{i.path}</span>
        {i.state === "failed" && <span className="block break-words text-danger">{i.exists ? t("storage.fileExists") : `${reason}${hint ? ` · ${hint}` : ""}`}</span>}
      </span>
      {i.state !== "failed" && <span className="shrink-0 text-right text-muted tabular-nums">{`${Math.floor(i.done * 100)}% · ${bytes(i.size)}`}</span>}
      <span className="hidden shrink-0 text-muted sm:block">{t(`storage.uploadStates.${i.state}`)}</span>
      <span className="flex w-14 shrink-0 justify-end">
        {i.state === "running" && i.resumable && (
          <IconButton label={t("storage.pauseUpload")} className="size-6" onClick={() => queue.pause(i.id)}>
            <Pause size={12} />
          </IconButton>
        )}
        {i.state === "paused" && (
          <IconButton label={t("storage.resumeUpload")} className="size-6" onClick={() => queue.again(i.id)}>
            <Play size={12} />
          </IconButton>
        )}
        {i.state === "failed" && (
          <IconButton label={i.exists ? t("storage.overwrite") : t("common.retry")} className="size-6" onClick={() => queue.again(i.id)}>
            <RotateCcw size={12} />
          </IconButton>
        )}
        <IconButton label={t("common.cancel")} className="size-6" onClick={() => queue.remove(i.id)}>
          <X size={12} />
        </IconButton>
      </span>
    </li>
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

/** Files chosen in a picker: of a folder picker with their paths in the folder. */
export const pickedFiles = (list: FileList | null) => [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
