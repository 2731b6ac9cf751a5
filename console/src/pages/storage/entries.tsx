import { useQuery, useQueryClient } from "@tanstack/react-query";
import clsx from "clsx";
import { File as FileIcon, FileImage, Folder } from "lucide-react";
import { useEffect, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { downloadObject, type Entry } from "@/api/storage";
import { Checkbox } from "@/components/ui/base";
import { useAppRef } from "@/lib/app-ref";
import { bytes, time } from "@/lib/format";

export interface EntryProps {
  entry: Entry;
  bucket: string;
  path: string;
  selected: boolean;
  active: boolean;
  onSelect: () => void;
  onOpen: () => void;
  onDragStart: (e: DragEvent) => void;
  onDrop?: (e: DragEvent) => void;
}

/** Pictures that a browser shows by themselves; SVG may hold scripts and stays a file. */
const isPicture = (e: Entry) => /^image\/(png|jpe?g|gif|webp|avif|bmp)/.test(e.metadata?.mimetype ?? "");
const iconOf = (e: Entry) => (e.id === null ? Folder : e.metadata?.mimetype?.startsWith("image/") ? FileImage : FileIcon);
/** Pictures are shown whole: larger ones are not worth their way. */
const SHOWN_UP_TO = 2 * 1024 * 1024;

/** A file or folder as a line. */
export function EntryLine({ entry: e, selected, active, onSelect, onOpen, onDragStart, onDrop }: EntryProps) {
  const { t } = useTranslation();
  const Icon = iconOf(e);
  return (
    <li draggable={e.id !== null} onDragStart={onDragStart} onDrop={onDrop} className={clsx("flex h-9 items-center gap-3 px-4", active ? "bg-accent-soft" : selected ? "bg-raised" : "hover:bg-hover")}>
      <Checkbox hideLabel label={t("storage.select", { name: e.name })} checked={selected} onChange={onSelect} />
      <button type="button" onClick={onOpen} className="flex h-full min-w-0 flex-1 items-center gap-2.5 text-left">
        <Icon size={15} className={e.id === null ? "shrink-0 text-accent" : "shrink-0 text-muted"} />
        <span className="min-w-0 flex-1 truncate">{e.name}</span>
        <span className="hidden w-36 truncate text-xs text-muted sm:block">{e.metadata?.mimetype ?? ""}</span>
        <span className="w-16 text-right text-xs text-muted tabular-nums">{e.id === null ? "" : bytes(e.metadata?.size)}</span>
        <span className="hidden w-36 text-right text-xs text-muted tabular-nums md:block">{e.id === null ? "" : time(e.updated_at)}</span>
      </button>
    </li>
  );
}

/** A file or folder as a tile, pictures as themselves. */
export function EntryTile({ entry: e, bucket, path, selected, active, onSelect, onOpen, onDragStart, onDrop }: EntryProps) {
  const { t } = useTranslation();
  const Icon = iconOf(e);
  return (
    <li draggable={e.id !== null} onDragStart={onDragStart} onDrop={onDrop} className={clsx("relative rounded-md border", active ? "border-accent bg-accent-soft" : selected ? "bg-raised" : "hover:bg-hover")}>
      <span className="absolute top-2 left-2">
        <Checkbox hideLabel label={t("storage.select", { name: e.name })} checked={selected} onChange={onSelect} />
      </span>
      <button type="button" onClick={onOpen} className="block w-full p-2 text-center">
        <span className="flex h-24 items-center justify-center overflow-hidden">
          {isPicture(e) && (e.metadata?.size ?? 0) <= SHOWN_UP_TO ? <Picture bucket={bucket} path={path} entry={e} /> : <Icon size={36} className={e.id === null ? "text-accent" : "text-faint"} />}
        </span>
        <span className="mt-1 block truncate text-xs" title={e.name}>
          {e.name}
        </span>
      </button>
    </li>
  );
}

function Picture({ bucket, path, entry }: { bucket: string; path: string; entry: Entry }) {
  const ref = useAppRef();
  const client = useQueryClient();
  const [url, setUrl] = useState("");
  const blob = useQuery({
    queryKey: ["preview", ref, bucket, path, entry.updated_at],
    staleTime: Infinity,
    gcTime: 60_000,
    queryFn: async () => downloadObject(await restFor(client, ref), bucket, path),
  });
  useEffect(() => {
    if (!blob.data) return undefined;
    const u = URL.createObjectURL(blob.data);
    setUrl(u);
    return () => URL.revokeObjectURL(u);
  }, [blob.data]);
  return url === "" ? <FileImage size={36} className="text-faint" /> : <img src={url} alt={entry.name} className="max-h-24 max-w-full object-contain" />;
}
