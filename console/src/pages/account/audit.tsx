import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useTranslation } from "react-i18next";
import { listAudit } from "@/api/session";
import { Topbar } from "@/components/shell/topbar";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { time } from "@/lib/format";

const LIMIT = 100;

export function AuditPage() {
  const { t } = useTranslation();
  const log = useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: undefined as number | string | undefined,
    queryFn: ({ pageParam }) => listAudit(LIMIT, pageParam),
    getNextPageParam: (last) => (last.length < LIMIT ? undefined : last[last.length - 1]?.id),
  });
  const rows = log.data?.pages.flat() ?? [];
  return (
    <div className="flex min-h-dvh flex-col">
      <Topbar />
      <Page wide>
        <PageHead title={t("audit.title")} description={t("audit.description")} />
        <Card flush>
          {log.isPending ? (
            <Spinner />
          ) : log.isError ? (
            <ErrorBox error={log.error} className="m-4" onRetry={() => void log.refetch()} />
          ) : (
            <ListTable
              rows={rows}
              rowKey={(r) => r.id}
              empty={<Empty icon={<ScrollText size={30} />} title={t("audit.empty")}>{t("audit.emptyHelp")}</Empty>}
              columns={[
                { id: "at", head: t("audit.at"), cell: (r) => <span className="whitespace-nowrap tabular-nums">{time(r.at)}</span> },
                { id: "who", head: t("audit.who"), cell: (r) => r.username },
                { id: "address", head: t("audit.address"), cell: (r) => <span className="font-mono text-xs text-muted">{r.address}</span> },
                { id: "action", head: t("audit.action"), cell: (r) => <Badge>{r.action}</Badge> },
                { id: "app", head: t("audit.app"), cell: (r) => <span className="font-mono text-xs">{r.app}</span> },
                { id: "details", head: t("audit.details"), cell: (r) => <span className="font-mono text-xs break-all text-muted">{r.details === null || r.details === undefined ? "" : JSON.stringify(r.details)}</span> },
              ]}
            />
          )}
          {log.hasNextPage && (
            <div className="border-t p-2 text-center">
              <Button variant="ghost" busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
                {t("common.loadMore")}
              </Button>
            </div>
          )}
        </Card>
      </Page>
    </div>
  );
}
