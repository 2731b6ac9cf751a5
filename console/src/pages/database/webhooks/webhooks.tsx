import { Plus, Trash2, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Badge, Button, IconButton, Switch } from "@/components/ui/base";
import { Empty, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { dropTrigger, enableTrigger } from "@/lib/sql/objects";
import { readHook, webhooksSql, type HookRow, type Webhook } from "@/lib/sql/webhooks";
import { useAct } from "@/lib/use-act";
import { Deliveries } from "./deliveries";
import { HookSheet } from "./hook-sheet";

interface Row extends HookRow {
  hook: Webhook;
}

export function WebhooksPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const { confirm } = useFeedback();
  const query = usePgList<HookRow>(ref, ["webhooks"], webhooksSql());
  const [edit, setEdit] = useState<{ before?: Webhook } | null>(null);
  const rows = { ...query, data: query.data?.map((row): Row => ({ ...row, hook: readHook(row) })) } as typeof query & { data: Row[] | undefined };
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setEdit({})}>
      {t("webhooks.create")}
    </Button>
  );
  const remove = async ({ hook }: Row) => {
    const yes = await confirm({ title: t("webhooks.dropTitle", { name: hook.name }), body: t("webhooks.dropBody", { table: `${hook.schema}.${hook.table}`, url: hook.url }), action: t("common.delete"), danger: true });
    if (yes) await act(dropTrigger(hook), t("webhooks.dropped"));
  };
  return (
    <>
      <ListPage<Row>
        title={t("nav.pages.database.webhooks")}
        description={t("webhooks.description")}
        query={rows as Parameters<typeof ListPage<Row>>[0]["query"]}
        rowKey={(x) => `${x.schema}.${x.table}.${x.name}`}
        text={(x) => `${x.name} ${x.table} ${x.hook.url}`}
        action={create}
        onRow={(x) => x.owned && setEdit({ before: x.hook })}
        empty={
          <Empty icon={<WebhookIcon size={30} />} title={t("webhooks.empty")} action={create}>
            {t("webhooks.emptyHelp")}
          </Empty>
        }
        columns={[
          { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
          { id: "table", head: t("triggers.table"), sort: (x) => x.table, cell: (x) => <span className="font-mono">{`${x.schema}.${x.table}`}</span> },
          {
            id: "events",
            head: t("webhooks.events"),
            cell: (x) => (
              <span className="flex flex-wrap gap-1">
                {x.hook.events.map((e) => (
                  <Badge key={e}>{t(`replication.${e}`)}</Badge>
                ))}
              </span>
            ),
          },
          {
            id: "target",
            head: t("webhooks.target"),
            className: "min-w-40",
            cell: (x) => (
              <span className="font-mono text-xs break-all">
                <b>{x.hook.method}</b> {x.hook.url}
              </span>
            ),
          },
          {
            id: "on",
            head: t("database.on"),
            cell: (x) => (
              <span onClick={(e) => e.stopPropagation()}>
                <Switch label={x.name} disabled={!x.owned} checked={x.enabled} onChange={(on) => void act(enableTrigger(x, on), t("common.saved"))} />
              </span>
            ),
          },
          {
            id: "act",
            head: "",
            className: "text-right",
            cell: (x) =>
              x.owned && (
                <span onClick={(e) => e.stopPropagation()}>
                  <IconButton label={t("common.delete")} onClick={() => void remove(x)}>
                    <Trash2 size={14} />
                  </IconButton>
                </span>
              ),
          },
        ]}
      />
      <Deliveries />
      {edit && <HookSheet before={edit.before} onClose={() => setEdit(null)} />}
    </>
  );
}
