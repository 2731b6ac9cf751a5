import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Inbox, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getSettings } from "@/api/apps";
import { caughtMails, clearMails, type CaughtMail } from "@/api/mails";
import { restFor } from "@/api/rest";
import { MailFrame } from "@/components/mail-frame";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { CopyButton, Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";

/** Mails that were caught since the application has no mail server. */
export function MailboxPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const [open, setOpen] = useState<CaughtMail | null>(null);
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const mails = useQuery({ queryKey: ["mails", ref], queryFn: async () => caughtMails(await restFor(client, ref)), refetchInterval: 5000 });
  const smtp = settings.data?.["auth"]?.["smtp"] as { host?: string } | undefined;
  const clear = async () => {
    if (!(await confirm({ title: t("mailbox.clearTitle"), body: t("mailbox.clearBody", { count: mails.data?.length ?? 0 }), action: t("mailbox.clear"), danger: true }))) return;
    try {
      await clearMails(await restFor(client, ref));
      await client.invalidateQueries({ queryKey: ["mails", ref] });
      toast(t("mailbox.cleared"));
    } catch (e) {
      fail(e);
    }
  };
  return (
    <Page wide>
      <PageHead title={t("nav.pages.auth.mailbox")} description={t("mailbox.description")}>
        <Button icon={<RefreshCw size={14} />} onClick={() => void mails.refetch()}>
          {t("common.refresh")}
        </Button>
        {(mails.data?.length ?? 0) > 0 && (
          <Button icon={<Trash2 size={14} />} onClick={() => void clear()}>
            {t("mailbox.clear")}
          </Button>
        )}
      </PageHead>
      {smtp?.host && <p className="mb-4 rounded-md border bg-raised px-4 py-3 text-sm">{t("mailbox.hasServer", { host: smtp.host })}</p>}
      <Card flush>
        {mails.isPending ? (
          <Spinner />
        ) : mails.isError ? (
          <ErrorBox error={mails.error} className="m-4" onRetry={() => void mails.refetch()} />
        ) : (
          <ListTable
            rows={mails.data}
            rowKey={(m) => m.id}
            onRow={setOpen}
            empty={
              <Empty icon={<Inbox size={30} />} title={t("mailbox.empty")}>
                {t("mailbox.emptyHelp")}
              </Empty>
            }
            columns={[
              { id: "to", head: t("mailbox.to"), sort: (m) => m.to, cell: (m) => m.to },
              { id: "subject", head: t("mails.subject"), cell: (m) => <span className="line-clamp-1">{m.subject}</span> },
              { id: "code", head: t("mailbox.code"), cell: (m) => <code className="font-mono text-xs">{m.code}</code> },
              { id: "kind", head: t("mailbox.kind"), cell: (m) => <Badge>{m.kind}</Badge> },
              { id: "at", head: t("mailbox.at"), cell: (m) => <span className="whitespace-nowrap tabular-nums">{time(m.sent_at)}</span> },
            ]}
          />
        )}
      </Card>
      <Sheet open={open !== null} wide onClose={() => setOpen(null)} title={open?.subject ?? ""} description={open ? `${open.to} · ${time(open.sent_at)}` : undefined}>
        {open && (
          <div className="space-y-4">
            {open.code && (
              <div className="flex items-center gap-3 text-sm">
                <span className="text-muted">{t("mailbox.code")}</span>
                <code className="font-mono">{open.code}</code>
                <CopyButton compact text={open.code} />
              </div>
            )}
            {open.link && (
              <div className="flex items-center gap-3 text-sm">
                <span className="whitespace-nowrap text-muted">{t("mailbox.link")}</span>
                <a className="min-w-0 flex-1 truncate text-accent hover:underline" href={open.link} target="_blank" rel="noreferrer">
                  {open.link}
                </a>
                <CopyButton compact text={open.link} />
              </div>
            )}
            <MailFrame html={open.html} title={open.subject} />
          </div>
        )}
      </Sheet>
    </Page>
  );
}
