import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Link2, Pencil, Timer, Trash2, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "@/api/apps";
import { restFor } from "@/api/rest";
import { downloadObject, moveObject, objectPath, removeObjects, signObject, type Bucket, type Entry } from "@/api/storage";
import { Button, Field, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { CopyButton, ErrorBox, useCopy, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { bytes, time } from "@/lib/format";
import { saveBlob } from "@/pages/editor/transfer";

const DAY = 86_400;
const LIMIT = 20 * 1024 * 1024;

/** Preview and acts of one file. */
export function FilePanel({ bucket, path, entry, onClose, onChanged }: { bucket: Bucket; path: string; entry: Entry; onClose: () => void; onChanged: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const app = useApp(ref);
  const { confirm, toast, fail } = useFeedback();
  const [, copy] = useCopy();
  const [moving, setMoving] = useState<string | null>(null);
  const [signing, setSigning] = useState(false);
  const mime = entry.metadata?.mimetype ?? "";
  const kind = /^image\/(png|jpe?g|gif|webp|avif|bmp)/.test(mime) ? "image" : mime.startsWith("video/") ? "video" : mime.startsWith("audio/") ? "audio" : mime.startsWith("text/") || mime.startsWith("application/json") ? "text" : null;
  const small = (entry.metadata?.size ?? 0) <= LIMIT;
  const preview = useQuery({
    queryKey: ["preview", ref, bucket.id, path, entry.updated_at],
    enabled: kind !== null && small,
    staleTime: Infinity,
    gcTime: 60_000,
    queryFn: async () => downloadObject(await restFor(client, ref), bucket.id, path),
  });
  const publicUrl = `${app.data?.url ?? ""}/storage/v1/object/public/${encodeURIComponent(bucket.id)}/${objectPath(path)}`;
  const run = async (work: () => Promise<unknown>, done?: string) => {
    try {
      await work();
      if (done) toast(done);
    } catch (error) {
      fail(error);
    }
  };
  const remove = async () => {
    if (!(await confirm({ title: t("storage.removeTitle", { count: 1 }), body: t("storage.removeBody", { files: path }), action: t("common.delete"), danger: true }))) return;
    await run(async () => {
      await removeObjects(await restFor(client, ref), bucket.id, [path]);
      onClose();
      onChanged();
    }, t("storage.removed", { count: 1 }));
  };
  return (
    <aside className="scroll-thin absolute inset-y-0 right-0 z-10 w-full max-w-sm overflow-auto border-l bg-panel shadow-xl md:static md:w-80 md:shadow-none">
      <div className="flex items-center gap-2 border-b px-4 py-2">
        <span className="min-w-0 flex-1 truncate font-medium">{entry.name}</span>
        <IconButton label={t("common.close")} onClick={onClose}>
          <X size={15} />
        </IconButton>
      </div>
      <div className="space-y-4 p-4">
        {kind && small && (
          <div className="flex min-h-32 items-center justify-center overflow-hidden rounded-md border bg-bg">
            {preview.isPending ? <Spinner /> : preview.data ? <Preview kind={kind} blob={preview.data} name={entry.name} /> : <ErrorBox error={preview.error} />}
          </div>
        )}
        <dl className="grid grid-cols-[80px_minmax(0,1fr)] gap-y-1 text-xs">
          <dt className="text-muted">{t("storage.type")}</dt>
          <dd className="break-all">{mime || "–"}</dd>
          <dt className="text-muted">{t("storage.size")}</dt>
          <dd>{bytes(entry.metadata?.size)}</dd>
          <dt className="text-muted">{t("storage.createdAt")}</dt>
          <dd>{time(entry.created_at)}</dd>
          <dt className="text-muted">{t("storage.updatedAt")}</dt>
          <dd>{time(entry.updated_at)}</dd>
        </dl>
        <div className="grid gap-2">
          <Button icon={<Download size={14} />} onClick={() => void run(async () => saveBlob(await downloadObject(await restFor(client, ref), bucket.id, path), entry.name))}>
            {t("storage.download")}
          </Button>
          {bucket.public ? (
            <Button
              icon={<Link2 size={14} />}
              onClick={() => {
                copy(publicUrl);
                toast(t("storage.urlCopied"));
              }}
            >
              {t("storage.copyUrl")}
            </Button>
          ) : (
            <p className="text-xs text-muted">{t("storage.privateNoUrl")}</p>
          )}
          <Button icon={<Timer size={14} />} onClick={() => setSigning(true)}>
            {t("storage.signedUrl")}
          </Button>
          <Button icon={<Pencil size={14} />} onClick={() => setMoving(path)}>
            {t("storage.move")}
          </Button>
          <Button icon={<Trash2 size={14} />} className="text-danger" onClick={() => void remove()}>
            {t("common.delete")}
          </Button>
        </div>
      </div>
      <Dialog
        open={moving !== null}
        onClose={() => setMoving(null)}
        title={t("storage.move")}
        footer={
          <Button
            variant="primary"
            disabled={!moving?.trim() || moving === path}
            onClick={() => {
              const to = (moving ?? "").trim().replace(/^\/+/, "");
              setMoving(null);
              void run(async () => {
                await moveObject(await restFor(client, ref), bucket.id, path, to);
                onClose();
                onChanged();
              }, t("storage.moved", { path: to }));
            }}
          >
            {t("common.save")}
          </Button>
        }
      >
        <Field label={t("storage.newPath")} help={t("storage.newPathHelp")}>
          <Input autoFocus value={moving ?? ""} className="font-mono" onChange={(e) => setMoving(e.target.value)} />
        </Field>
      </Dialog>
      {signing && <SignDialog bucket={bucket} path={path} base={app.data?.url ?? ""} onClose={() => setSigning(false)} />}
    </aside>
  );
}

function Preview({ kind, blob, name }: { kind: "image" | "video" | "audio" | "text"; blob: Blob; name: string }) {
  const [url, setUrl] = useState("");
  const [text, setText] = useState("");
  useEffect(() => {
    if (kind === "text") {
      void blob.slice(0, 20_000).text().then(setText);
      return undefined;
    }
    const u = URL.createObjectURL(blob);
    setUrl(u);
    return () => URL.revokeObjectURL(u);
  }, [blob, kind]);
  if (kind === "text") return <pre className="scroll-thin max-h-64 w-full overflow-auto p-2 font-mono text-xs whitespace-pre-wrap">{text}</pre>;
  if (url === "") return null;
  if (kind === "image") return <img src={url} alt={name} className="max-h-64 max-w-full object-contain" />;
  if (kind === "video") return <video src={url} controls className="max-h-64 max-w-full" />;
  return <audio src={url} controls className="w-full" />;
}

function SignDialog({ bucket, path, base, onClose }: { bucket: Bucket; path: string; base: string; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const [seconds, setSeconds] = useState(7 * DAY);
  const [url, setUrl] = useState("");
  const [error, setError] = useState<unknown>(null);
  const make = async () => {
    setError(null);
    try {
      setUrl(`${base}/storage/v1${await signObject(await restFor(client, ref), bucket.id, path, seconds)}`);
    } catch (e) {
      setError(e);
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("storage.signedUrl")} description={path}>
      <div className="space-y-4">
        <div className="flex items-end gap-2">
          <Field label={t("storage.validFor")} className="flex-1">
            <Select value={seconds} onChange={(e) => setSeconds(Number(e.target.value))}>
              {[3600, DAY, 7 * DAY, 30 * DAY, 365 * DAY].map((s) => (
                <option key={s} value={s}>
                  {s < DAY ? t("storage.hours", { count: s / 3600 }) : t("storage.days", { count: s / DAY })}
                </option>
              ))}
            </Select>
          </Field>
          <Button variant="primary" onClick={() => void make()}>
            {t("storage.makeUrl")}
          </Button>
        </div>
        {url && (
          <div className="flex items-center gap-2">
            <code className="min-w-0 flex-1 rounded-md border bg-bg p-2 font-mono text-xs break-all">{url}</code>
            <CopyButton text={url} />
          </div>
        )}
        <ErrorBox error={error} />
      </div>
    </Dialog>
  );
}
