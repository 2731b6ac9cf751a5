import { RotateCw, Send } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { Card, ListTable, Page } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { duration, time } from "@/lib/format";
import { deliveriesSql, deliverySql, redeliverSql, type Delivery } from "@/lib/sql/webhooks";
import { useAct } from "@/lib/use-act";

const TONES = { waiting: "info", delivered: "ok", failed: "danger" } as const;

/** What was sent lately, and what waits. */
export function Deliveries() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const query = usePgList<Delivery>(ref, ["webhook-deliveries"], deliveriesSql(), { refetchInterval: 3_000 });
  const [open, setOpen] = useState<number | null>(null);
  const rows = query.data ?? [];
  const outcome = (d: Delivery) => d.error ?? (d.status === null ? "" : `HTTP ${d.status}`);
  return (
    <Page wide>
      <Card title={t("webhooks.deliveries")} action={<span className="text-xs text-muted">{t("webhooks.deliveriesHelp")}</span>} flush>
        {query.isPending ? (
          <Spinner />
        ) : query.isError ? (
          <ErrorBox error={query.error} className="m-4" onRetry={() => void query.refetch()} />
        ) : (
          <ListTable
            rows={rows}
            rowKey={(d) => d.id}
            onRow={(d) => setOpen(d.id)}
            empty={
              <Empty icon={<Send size={28} />} title={t("webhooks.noDeliveries")}>
                {t("webhooks.noDeliveriesHelp")}
              </Empty>
            }
            columns={[
              { id: "state", head: t("users.state"), cell: (d) => <Badge tone={TONES[d.state]}>{t(`webhooks.states.${d.state}`)}</Badge> },
              { id: "at", head: t("webhooks.createdAt"), cell: (d) => <span className="whitespace-nowrap tabular-nums">{time(d.created_at)}</span> },
              { id: "hook", head: t("webhooks.hook"), cell: (d) => <span className="font-mono">{d.hook}</span> },
              { id: "event", head: t("webhooks.events"), cell: (d) => <span className="font-mono text-xs whitespace-nowrap">{`${d.event} ${d.table}`}</span> },
              { id: "outcome", head: t("webhooks.outcome"), className: "min-w-36", cell: (d) => <span className="text-xs break-words text-muted">{outcome(d)}</span> },
              { id: "attempts", head: t("webhooks.attempts"), className: "text-right", cell: (d) => <span className="tabular-nums">{d.attempts}</span> },
              { id: "took", head: t("webhooks.took"), className: "text-right", cell: (d) => <span className="whitespace-nowrap tabular-nums">{duration(d.duration_ms)}</span> },
            ]}
          />
        )}
      </Card>
      <DeliverySheet delivery={rows.find((d) => d.id === open)} outcome={outcome} onClose={() => setOpen(null)} />
    </Page>
  );
}

function DeliverySheet({ delivery, outcome, onClose }: { delivery?: Delivery; outcome: (d: Delivery) => string; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const body = usePgList<Pick<Delivery, "body">>(ref, ["webhook-body", delivery?.id], deliverySql(delivery?.id ?? 0), { enabled: delivery !== undefined });
  const d = delivery;
  return (
    <Sheet
      open={d !== undefined}
      onClose={onClose}
      title={d ? t("webhooks.delivery", { id: d.id }) : ""}
      description={d && `${d.hook} · ${d.event} ${d.table}`}
      footer={
        d &&
        d.state !== "waiting" && (
          <Button icon={<RotateCw size={14} />} onClick={() => void act(redeliverSql(d.id), t("webhooks.redelivered"))}>
            {t("webhooks.redeliver")}
          </Button>
        )
      }
    >
      {d && (
        <dl className="space-y-3 text-sm">
          <Fact name={t("users.state")}>
            <Badge tone={TONES[d.state]}>{t(`webhooks.states.${d.state}`)}</Badge> {outcome(d)}
          </Fact>
          <Fact name={t("webhooks.target")}>
            <span className="font-mono text-xs break-all">{`${d.method} ${d.url}`}</span>
          </Fact>
          <Fact name={t("webhooks.createdAt")}>{time(d.created_at)}</Fact>
          <Fact name={t("webhooks.attempts")}>{d.attempts}</Fact>
          {d.state === "waiting" ? <Fact name={t("webhooks.nextAt")}>{time(d.next_at)}</Fact> : <Fact name={t("webhooks.finishedAt")}>{time(d.finished_at)}</Fact>}
          {d.method === "POST" && (
            <Fact name={t("webhooks.body")}>
              {body.isPending ? <Spinner /> : <pre className="scroll-thin max-h-96 overflow-auto rounded-md border bg-bg p-3 font-mono text-xs">{JSON.stringify(body.data?.[0]?.body ?? null, null, 2)}</pre>}
            </Fact>
          )}
        </dl>
      )}
    </Sheet>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}
