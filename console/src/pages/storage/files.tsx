import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FolderInput, FolderPlus, FolderUp, LayoutGrid, List, Search, Trash2, Upload } from "lucide-react";
import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { listObjects, moveObject, removeObjects, uploadObject, type Bucket } from "@/api/storage";
import { Button, Field, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { readPref, writePref } from "@/lib/prefs";
import { EntryLine, EntryTile } from "./entries";
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
  const [tiles, setTiles] = useState(() => readPref("storage.tiles", false));
  const [moving, setMoving] = useState<string | null>(null);
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
  const chosenFiles = entries.filter((e) => e.id !== null && selected.has(e.name)).map((e) => e.name);
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
        <IconButton
          label={t(tiles ? "storage.asList" : "storage.asTiles")}
          className="size-7 border border-line-strong"
          onClick={() => {
            setTiles(!tiles);
            writePref("storage.tiles", !tiles);
          }}
        >
          {tiles ? <List size={14} /> : <LayoutGrid size={14} />}
        </IconButton>
        {chosenFiles.length > 0 && (
          <Button size="sm" icon={<FolderInput size={13} />} onClick={() => setMoving(path)}>
            {t("storage.moveTo")} ({chosenFiles.length})
          </Button>
        )}
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
            <ul className={tiles ? "grid grid-cols-[repeat(auto-fill,minmax(128px,1fr))] gap-3 p-4" : "divide-y"}>
              {entries.map((e) => {
                const View = tiles ? EntryTile : EntryLine;
                return (
                  <View
                    key={e.name + String(e.id)}
                    entry={e}
                    bucket={bucket.id}
                    path={full(e.name)}
                    selected={selected.has(e.name)}
                    active={open === e.name}
                    onDragStart={(drag) => drag.dataTransfer.setData(DRAGGED, JSON.stringify(selected.has(e.name) ? chosenFiles : [e.name]))}
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
                );
              })}
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
        open={moving !== null}
        onClose={() => setMoving(null)}
        title={t("storage.moveTo")}
        footer={
          <Button
            variant="primary"
            disabled={moving?.trim().replace(/^\/+|\/+$/g, "") === path}
            onClick={() => {
              const target = (moving ?? "").trim().replace(/^\/+|\/+$/g, "");
              setMoving(null);
              void moveInto(chosenFiles, target).catch(fail);
            }}
          >
            {t("storage.move")}
          </Button>
        }
      >
        <Field label={t("storage.folder")} help={t("storage.newPathHelp")}>
          <Input autoFocus value={moving ?? ""} className="font-mono" placeholder={bucket.name} onChange={(e) => setMoving(e.target.value)} />
        </Field>
      </Dialog>
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
