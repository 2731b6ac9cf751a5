import { useQuery, useQueryClient } from "@tanstack/react-query";
import { File as FileIcon, FileImage, Folder, FolderPlus, FolderUp, Search, Trash2, Upload } from "lucide-react";
import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { listObjects, moveObject, removeObjects, uploadObject, type Bucket, type Entry } from "@/api/storage";
import { Button, Checkbox, Field, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { bytes, time } from "@/lib/format";
import { allUnder } from "./tree";
import { FilePanel } from "./file-panel";
import type { UploadQueue } from "./upload-queue";
import { droppedFiles, pickedFiles, UploadList } from "./uploads";

const PAGE = 200;
/** The kind of a drag that began in the list. */
const DRAGGED = "application/x-hearth-objects";
const SORTS = ["name", "updated_at", "created_at"] as const;

/** What stands in one folder of a bucket. */
export function Files({ bucket, path, queue, onPath }: { bucket: Bucket; path: string; queue: UploadQueue; onPath: (path: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const picker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState<{ column: (typeof SORTS)[number]; order: "asc" | "desc" }>({ column: "name", order: "asc" });
  const [shown, setShown] = useState(PAGE);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [open, setOpen] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const [folder, setFolder] = useState<string | null>(null);
  const list = useQuery({
    queryKey: ["objects", ref, bucket.id, path, search, sort, shown],
    queryFn: async () => listObjects(await restFor(client, ref), bucket.id, path, { search: search || undefined, sort, limit: shown, offset: 0 }),
  });
  const entries = (list.data ?? []).filter((e) => e.name !== ".emptyFolderPlaceholder");
  const full = (name: string) => (path ? `${path}/${name}` : name);
  const reload = () => client.invalidateQueries({ queryKey: ["objects", ref, bucket.id] });

  const upload = (files: { file: File; path: string }[]) => queue.add(bucket.id, files.map((f) => ({ file: f.file, path: full(f.path) })));
  /** Files dragged onto a folder of the list or of the path. */
  const moveInto = async (names: string[], target: string) => {
    const rest = await restFor(client, ref);
    for (const name of names) await moveObject(rest, bucket.id, full(name), target === "" ? name : `${target}/${name}`);
    setSelected(new Set());
    setOpen(null);
    await reload();
    toast(t("storage.moved", { path: target || bucket.name }));
  };
  const dropOn = (e: DragEvent, target: string): boolean => {
    const raw = e.dataTransfer.getData(DRAGGED);
    if (raw === "") return false;
    e.preventDefault();
    e.stopPropagation();
    const names = (JSON.parse(raw) as string[]).filter((n) => full(n) !== target);
    if (names.length > 0) void moveInto(names, target).catch(fail);
    return true;
  };
  const removeSelected = async () => {
    const rest = await restFor(client, ref);
    const doomed: string[] = [];
    for (const name of selected) {
      const e = entries.find((x) => x.name === name);
      if (!e) continue;
      if (e.id === null) doomed.push(...(await allUnder(rest, bucket.id, full(name))));
      else doomed.push(full(name));
    }
    const yes = await confirm({ title: t("storage.removeTitle", { count: doomed.length }), body: t("storage.removeBody", { files: doomed.slice(0, 6).join(", ") + (doomed.length > 6 ? " …" : "") }), action: t("common.delete"), danger: true });
    if (!yes) return;
    for (let i = 0; i < doomed.length; i += 500) await removeObjects(rest, bucket.id, doomed.slice(i, i + 500));
    setSelected(new Set());
    setOpen(null);
    await reload();
    toast(t("storage.removed", { count: doomed.length }));
  };
  const crumbs = path === "" ? [] : path.split("/");
  const openEntry = entries.find((e) => e.name === open && e.id !== null);
  return (
    <div
      className="relative flex min-h-0 flex-1 flex-col"
      onDragOver={(e) => {
        e.preventDefault();
        setOver(e.dataTransfer.types.includes("Files"));
      }}
      onDragLeave={(e) => e.currentTarget === e.target && setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        if (e.dataTransfer.types.includes("Files")) void droppedFiles(e.dataTransfer).then(upload).catch(fail);
      }}
    >
      <div className="flex flex-wrap items-center gap-2 border-b bg-panel px-4 py-2">
        <nav aria-label={t("storage.folder")} className="flex min-w-0 flex-1 flex-wrap items-center gap-1 font-mono text-xs">
          <button type="button" className="hover:text-accent" onClick={() => onPath("")} onDrop={(e) => dropOn(e, "")}>
            {bucket.name}
          </button>
          {crumbs.map((c, i) => (
            <span key={i} className="flex items-center gap-1">
              <span className="text-faint">/</span>
              <button type="button" className="max-w-40 truncate hover:text-accent" onClick={() => onPath(crumbs.slice(0, i + 1).join("/"))} onDrop={(e) => dropOn(e, crumbs.slice(0, i + 1).join("/"))}>
                {c}
              </button>
            </span>
          ))}
        </nav>
        <div className="relative">
          <Search size={13} className="absolute top-2 left-2 text-faint" />
          <Input aria-label={t("storage.search")} placeholder={t("storage.search")} value={search} onChange={(e) => setSearch(e.target.value)} className="h-7 w-36 pl-7 text-xs" />
        </div>
        <Select
          aria-label={t("storage.sort")}
          className="h-7 w-auto text-xs"
          value={`${sort.column} ${sort.order}`}
          onChange={(e) => {
            const [column, order] = e.target.value.split(" ") as [(typeof SORTS)[number], "asc" | "desc"];
            setSort({ column, order });
          }}
        >
          {SORTS.flatMap((c) =>
            (["asc", "desc"] as const).map((o) => (
              <option key={c + o} value={`${c} ${o}`}>
                {t(`storage.sorts.${c}`)} {o === "asc" ? "↑" : "↓"}
              </option>
            )),
          )}
        </Select>
        {selected.size > 0 && (
          <Button size="sm" variant="danger" icon={<Trash2 size={13} />} onClick={() => void removeSelected().catch(fail)}>
            {t("common.delete")} ({selected.size})
          </Button>
        )}
        <Button size="sm" icon={<FolderPlus size={13} />} onClick={() => setFolder("")}>
          {t("storage.newFolder")}
        </Button>
        <IconButton label={t("storage.uploadFolder")} className="size-7 border border-line-strong" onClick={() => folderPicker.current?.click()}>
          <FolderUp size={14} />
        </IconButton>
        <Button size="sm" variant="primary" icon={<Upload size={13} />} onClick={() => picker.current?.click()}>
          {t("storage.upload")}
        </Button>
        {([picker, folderPicker] as const).map((input, i) => (
          <input
            key={i}
            ref={input}
            type="file"
            multiple
            hidden
            {...(input === folderPicker ? { webkitdirectory: "" } : {})}
            onChange={(e) => {
              upload(pickedFiles(e.target.files));
              e.target.value = "";
            }}
          />
        ))}
      </div>
      <div className="flex min-h-0 flex-1">
        <div className="scroll-thin min-w-0 flex-1 overflow-auto bg-panel">
          {list.isPending ? (
            <Spinner />
          ) : list.isError ? (
            <ErrorBox error={list.error} className="m-4" onRetry={() => void list.refetch()} />
          ) : entries.length === 0 ? (
            <Empty
              icon={<Upload size={30} />}
              title={search ? t("storage.noMatch") : t("storage.noFiles")}
              action={
                !search && (
                  <Button variant="primary" icon={<Upload size={14} />} onClick={() => picker.current?.click()}>
                    {t("storage.upload")}
                  </Button>
                )
              }
            >
              {!search && t("storage.noFilesHelp")}
            </Empty>
          ) : (
            <ul className="divide-y">
              {entries.map((e) => (
                <Line
                  key={e.name + String(e.id)}
                  entry={e}
                  selected={selected.has(e.name)}
                  active={open === e.name}
                  onDragStart={(drag) => drag.dataTransfer.setData(DRAGGED, JSON.stringify(selected.has(e.name) ? entries.filter((x) => x.id !== null && selected.has(x.name)).map((x) => x.name) : [e.name]))}
                  onDrop={e.id === null ? (drop) => dropOn(drop, full(e.name)) : undefined}
                  onSelect={() =>
                    setSelected((s) => {
                      const n = new Set(s);
                      if (!n.delete(e.name)) n.add(e.name);
                      return n;
                    })
                  }
                  onOpen={() => {
                    if (e.id === null) {
                      setSelected(new Set());
                      onPath(full(e.name));
                    } else setOpen(e.name);
                  }}
                />
              ))}
            </ul>
          )}
          {(list.data?.length ?? 0) >= shown && (
            <button type="button" className="w-full py-2 text-sm text-accent hover:bg-hover" onClick={() => setShown(shown + PAGE)}>
              {t("common.loadMore")}
            </button>
          )}
        </div>
        {openEntry && <FilePanel key={full(openEntry.name)} bucket={bucket} path={full(openEntry.name)} entry={openEntry} onClose={() => setOpen(null)} onChanged={() => void reload()} />}
      </div>
      {over && <div className="pointer-events-none absolute inset-2 z-10 flex items-center justify-center rounded-lg border-2 border-dashed border-accent bg-accent-soft/80 text-base font-medium">{t("storage.dropHere")}</div>}
      <UploadList queue={queue} />
      <Dialog
        open={folder !== null}
        onClose={() => setFolder(null)}
        title={t("storage.newFolder")}
        footer={
          <Button
            variant="primary"
            disabled={!folder?.trim()}
            onClick={() => {
              const name = (folder ?? "").trim().replace(/^\/+|\/+$/g, "");
              setFolder(null);
              // A folder exists by what is in it: an empty object keeps the place.
              void restFor(client, ref)
                .then((rest) => uploadObject(rest, bucket.id, `${full(name)}/.emptyFolderPlaceholder`, new File([], ".emptyFolderPlaceholder"), () => undefined, new AbortController().signal))
                .then(() => onPath(full(name)))
                .catch(fail)
                .finally(() => void reload());
            }}
          >
            {t("common.create")}
          </Button>
        }
      >
        <Field label={t("storage.folderName")}>
          <Input autoFocus value={folder ?? ""} onChange={(e) => setFolder(e.target.value)} />
        </Field>
      </Dialog>
    </div>
  );
}

function Line({ entry: e, selected, active, onSelect, onOpen, onDragStart, onDrop }: { entry: Entry; selected: boolean; active: boolean; onSelect: () => void; onOpen: () => void; onDragStart: (e: DragEvent) => void; onDrop?: (e: DragEvent) => void }) {
  const { t } = useTranslation();
  const image = e.metadata?.mimetype?.startsWith("image/");
  const Icon = e.id === null ? Folder : image ? FileImage : FileIcon;
  return (
    <li draggable={e.id !== null} onDragStart={onDragStart} onDrop={onDrop} className={`flex h-9 items-center gap-3 px-4 ${active ? "bg-accent-soft" : selected ? "bg-raised" : "hover:bg-hover"}`}>
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
