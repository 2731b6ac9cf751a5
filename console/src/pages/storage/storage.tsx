import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import clsx from "clsx";
import { Archive, EllipsisVertical, PanelLeft, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { useCanWrite } from "@/api/session";
import { deleteBucket, emptyBucket, listBuckets, type Bucket } from "@/api/storage";
import { Badge, Button, IconButton, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Menu } from "@/components/ui/overlay";
import { Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { BucketDialog } from "./bucket-dialog";
import { BucketPolicies } from "./bucket-policies";
import { Files } from "./files";
import { UploadQueue } from "./upload-queue";

export function StoragePage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ from: "/app/$ref/storage" });
  const { confirm, toast, fail } = useFeedback();
  const [dialog, setDialog] = useState<{ bucket: Bucket | null } | null>(null);
  const canWrite = useCanWrite();
  const buckets = useQuery({ queryKey: ["buckets", ref], enabled: canWrite, queryFn: async () => listBuckets(await restFor(client, ref)) });
  const [queue] = useState(() => new UploadQueue(() => restFor(client, ref), (item) => void client.invalidateQueries({ queryKey: ["objects", ref, item.bucket] })));
  useEffect(() => {
    // Closing the page would stop what is on its way.
    const warn = (e: BeforeUnloadEvent) => queue.snapshot().some((i) => i.state === "running" || i.state === "waiting") && e.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [queue]);
  const bucket = buckets.data?.find((b) => b.id === search.bucket);
  const go = (s: { bucket?: string; path?: string; tab?: "policies" }) => void navigate({ to: "/app/$ref/storage", params: { ref }, search: s });

  const act = async (kind: "empty" | "delete", b: Bucket) => {
    const yes = await confirm({
      title: t(kind === "empty" ? "storage.emptyTitle" : "storage.deleteTitle", { bucket: b.name }),
      body: t(kind === "empty" ? "storage.emptyBody" : "storage.deleteBody", { bucket: b.name }),
      action: t(kind === "empty" ? "storage.emptyBucket" : "storage.deleteBucket"),
      danger: true,
      typed: b.name,
    });
    if (!yes) return;
    try {
      const rest = await restFor(client, ref);
      await emptyBucket(rest, b.id);
      if (kind === "delete") {
        await deleteBucket(rest, b.id);
        go({});
      }
      toast(t(kind === "empty" ? "storage.emptied" : "storage.deleted", { bucket: b.name }));
    } catch (error) {
      fail(error);
    }
    await client.invalidateQueries({ queryKey: ["buckets", ref] });
    await client.invalidateQueries({ queryKey: ["objects", ref] });
  };
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setDialog({ bucket: null })}>
      {t("storage.create")}
    </Button>
  );
  if (!canWrite)
    return (
      <Empty icon={<Archive size={32} />} title={t("storage.viewer")}>
        {t("storage.viewerHelp")}
      </Empty>
    );
  return (
    <div className="flex h-full min-h-0">
      <aside className={clsx("h-full shrink-0 flex-col border-r bg-panel md:flex md:w-56", bucket ? "hidden" : "flex w-full")}>
        <div className="p-2">
          <Button variant="primary" className="w-full" icon={<Plus size={14} />} onClick={() => setDialog({ bucket: null })}>
            {t("storage.create")}
          </Button>
        </div>
        <div className="scroll-thin min-h-0 flex-1 overflow-y-auto px-2 pb-2">
          {buckets.isPending && <Spinner />}
          <ErrorBox error={buckets.error} onRetry={() => void buckets.refetch()} />
          {(buckets.data ?? []).map((b) => (
            <div key={b.id} className={clsx("flex h-8 items-center rounded-md pr-0.5", b.id === search.bucket ? "bg-hover font-medium" : "text-muted hover:bg-hover hover:text-text")}>
              <button type="button" onClick={() => go({ bucket: b.id })} className="flex h-full min-w-0 flex-1 items-center gap-2 px-2 text-left">
                <Archive size={14} className="shrink-0" />
                <span className="min-w-0 flex-1 truncate">{b.name}</span>
                {b.public && <Badge tone="warn">{t("storage.public")}</Badge>}
              </button>
              <Menu
                trigger={
                  <IconButton label={t("common.more")} className="size-6">
                    <EllipsisVertical size={14} />
                  </IconButton>
                }
                items={[
                  { label: t("storage.editBucket"), onSelect: () => setDialog({ bucket: b }) },
                  { label: t("storage.policies"), onSelect: () => go({ bucket: b.id, tab: "policies" }) },
                  "line",
                  { label: t("storage.emptyBucket"), danger: true, onSelect: () => void act("empty", b) },
                  { label: t("storage.deleteBucket"), danger: true, onSelect: () => void act("delete", b) },
                ]}
              />
            </div>
          ))}
          {buckets.data?.length === 0 && <p className="p-2 text-xs text-muted md:block">{t("storage.noBucketsShort")}</p>}
        </div>
      </aside>
      <div className={clsx("min-w-0 flex-1 flex-col", bucket ? "flex" : "hidden md:flex")}>
        {bucket ? (
          <>
            <div className="flex items-center gap-3 bg-panel px-4 pt-2">
              <IconButton label={t("storage.showBuckets")} className="md:hidden" onClick={() => go({})}>
                <PanelLeft size={16} />
              </IconButton>
              <h1 className="truncate text-base font-semibold">{bucket.name}</h1>
              <Badge tone={bucket.public ? "warn" : "neutral"}>{t(bucket.public ? "storage.public" : "storage.private")}</Badge>
            </div>
            <div className="bg-panel px-3">
              <Tabs
                value={search.tab ?? "files"}
                onChange={(tab) => go({ bucket: bucket.id, tab: tab === "policies" ? "policies" : undefined })}
                tabs={[
                  { value: "files", label: t("storage.files") },
                  { value: "policies", label: t("storage.policies") },
                ]}
              />
            </div>
            {search.tab === "policies" ? <BucketPolicies bucket={bucket} /> : <Files key={bucket.id} bucket={bucket} queue={queue} path={search.path ?? ""} onPath={(path) => go({ bucket: bucket.id, path: path || undefined })} />}
          </>
        ) : (
          <Empty icon={<Archive size={32} />} title={buckets.data?.length === 0 ? t("storage.noBuckets") : t("storage.pick")} action={create}>
            {t("storage.noBucketsHelp")}
          </Empty>
        )}
      </div>
      {dialog && (
        <BucketDialog
          bucket={dialog.bucket}
          onClose={() => setDialog(null)}
          onDone={(id) => {
            setDialog(null);
            go({ bucket: id });
          }}
        />
      )}
    </div>
  );
}
