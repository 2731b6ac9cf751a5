import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Boxes, EllipsisVertical, Pause, Pencil, Play, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteApp, pauseApp, renameApp, resumeApp, useApps, type App } from "@/api/apps";
import { useSession } from "@/api/session";
import { Topbar } from "@/components/shell/topbar";
import { Badge, Button, Field, IconButton, Input, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog, Menu, type MenuItem } from "@/components/ui/overlay";
import { Page, PageHead } from "@/components/ui/page";
import { bytes, count, time } from "@/lib/format";
import { CreateAppDialog } from "./create-app";

export function AppsPage() {
  const { t } = useTranslation();
  const session = useSession();
  const apps = useApps();
  const [creating, setCreating] = useState(false);
  const me = session.data;
  const owner = me?.role === "owner";
  // What the server would refuse is not offered.
  const create = owner && me.apps === null && (
    <Button variant="primary" icon={<Plus size={15} />} onClick={() => setCreating(true)}>
      {t("apps.create")}
    </Button>
  );
  return (
    <div className="flex min-h-dvh flex-col">
      <Topbar />
      <Page>
        <PageHead title={t("apps.title")} description={t("apps.description")}>
          {create}
        </PageHead>
        {apps.isPending ? (
          <Spinner />
        ) : apps.isError ? (
          <ErrorBox error={apps.error} onRetry={() => void apps.refetch()} />
        ) : apps.data.length === 0 ? (
          <Empty icon={<Boxes size={32} />} title={t("apps.empty")} action={create}>
            {t("apps.emptyHelp")}
          </Empty>
        ) : (
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
            {apps.data.map((a) => (
              <AppCard key={a.ref} app={a} owner={owner} writer={owner || me?.role === "developer"} />
            ))}
          </div>
        )}
      </Page>
      <CreateAppDialog open={creating} onClose={() => setCreating(false)} />
    </div>
  );
}

function AppCard({ app, owner, writer }: { app: App; owner: boolean; writer: boolean }) {
  const { t } = useTranslation();
  const { confirm, toast, fail } = useFeedback();
  const client = useQueryClient();
  const [renaming, setRenaming] = useState<string | null>(null);
  const act = async (work: () => Promise<unknown>, done: string) => {
    try {
      await work();
      toast(done);
    } catch (error) {
      fail(error);
    }
    await client.invalidateQueries({ queryKey: ["apps"] });
    await client.invalidateQueries({ queryKey: ["app", app.ref] });
  };
  const pause = async () => {
    if (await confirm({ title: t("apps.pauseTitle", { name: app.name }), body: t("apps.pauseBody"), action: t("apps.pause"), danger: true }))
      await act(() => pauseApp(app.ref), t("apps.pausedDone"));
  };
  const remove = async () => {
    const yes = await confirm({
      title: t("apps.deleteTitle", { name: app.name }),
      body: t("apps.deleteBody", { database: bytes(app.database_size), storage: bytes(app.storage_size) }),
      action: t("apps.delete"),
      danger: true,
      typed: app.ref,
    });
    if (yes) await act(() => deleteApp(app.ref), t("apps.deleted"));
  };
  const owners: (MenuItem | "line")[] = [
    app.state === "active"
      ? { label: t("apps.pause"), icon: <Pause size={14} />, onSelect: () => void pause() }
      : { label: t("apps.resume"), icon: <Play size={14} />, onSelect: () => void act(() => resumeApp(app.ref), t("apps.resumed")) },
    "line",
    { label: t("apps.delete"), icon: <Trash2 size={14} />, danger: true, disabled: app.is_default, onSelect: () => void remove() },
  ];
  return (
    <div className="relative rounded-lg border bg-panel p-4 transition-colors hover:border-line-strong">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <Link to="/app/$ref" params={{ ref: app.ref }} className="block truncate text-base font-semibold after:absolute after:inset-0">
            {app.name}
          </Link>
          <div className="truncate font-mono text-xs text-muted">{app.ref}</div>
        </div>
        {app.is_default && <Badge>{t("apps.default")}</Badge>}
        <Badge tone={app.state === "active" ? "ok" : "warn"}>{t(`apps.state.${app.state}`)}</Badge>
        {writer && (
          <div className="relative z-10 -mt-0.5 -mr-1.5">
            <Menu
              trigger={
                <IconButton label={t("common.more")}>
                  <EllipsisVertical size={16} />
                </IconButton>
              }
              items={[
                { label: t("apps.rename"), icon: <Pencil size={14} />, onSelect: () => setRenaming(app.name) },
                ...(owner ? owners : []),
              ]}
            />
          </div>
        )}
      </div>
      <dl className="mt-4 grid grid-cols-3 gap-2 text-xs">
        <Figure label={t("apps.database")} value={bytes(app.database_size)} />
        <Figure label={t("apps.storage")} value={bytes(app.storage_size)} />
        <Figure label={t("apps.connections")} value={count(app.connections)} />
      </dl>
      <div className="mt-3 border-t pt-2 text-xs text-faint">{t("apps.createdAt", { time: time(app.created_at) })}</div>
      <Dialog
        open={renaming !== null}
        onClose={() => setRenaming(null)}
        title={t("apps.rename")}
        footer={
          <>
            <Button onClick={() => setRenaming(null)}>{t("common.cancel")}</Button>
            <Button
              variant="primary"
              disabled={!renaming?.trim()}
              onClick={() => {
                const name = renaming?.trim() ?? "";
                setRenaming(null);
                void act(() => renameApp(app.ref, name), t("common.saved"));
              }}
            >
              {t("common.save")}
            </Button>
          </>
        }
      >
        <Field label={t("apps.name")}>
          <Input autoFocus value={renaming ?? ""} onChange={(e) => setRenaming(e.target.value)} />
        </Field>
      </Dialog>
    </div>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt className="text-muted">{label}</dt>
      <dd className="text-sm font-medium tabular-nums">{value}</dd>
    </div>
  );
}
