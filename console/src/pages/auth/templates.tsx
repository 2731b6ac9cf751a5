import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getSettings, putSettings } from "@/api/apps";
import { mailTemplates, testMail, type MailText } from "@/api/mails";
import { restFor } from "@/api/rest";
import { SettingsCard, type SettingSpec } from "@/components/settings-form";
import { Badge, Button, Input, Spinner } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { TemplateSheet } from "./template-sheet";

const notifications = ["password_changed", "email_changed", "phone_changed", "identity_unlinked", "mfa_factor_enrolled", "mfa_factor_unenrolled"] as const;

/** The mail server, the texts, and which changes users are told of. */
export function TemplatesPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const [open, setOpen] = useState<string | null>(null);
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const templates = useQuery({ queryKey: ["mail-templates", ref], queryFn: async () => mailTemplates(await restFor(client, ref)), staleTime: Number.POSITIVE_INFINITY });
  const auth = settings.data?.["auth"] ?? {};
  const own = (auth["mailer_templates"] ?? {}) as Record<string, MailText>;
  const language = auth["mailer_language"] === "en" ? "en" : "zh";
  const smtp = (key: string, kind: SettingSpec["kind"], more: Partial<SettingSpec> = {}): SettingSpec => ({ section: "auth.smtp", key, kind, label: t(`mails.smtp.${key}` as "mails.smtp.host"), help: t(`mails.smtp.${key}_help` as "mails.smtp.host_help"), ...more });
  const encryptions = (["tls", "starttls", "none"] as const).map((value) => ({ value, label: t(`mails.encryption.${value}`) }));
  const keep = async (kind: string, text: MailText | null) => {
    const next = structuredClone(await getSettings(ref));
    const section = (next["auth"] ??= {});
    const all = { ...(section["mailer_templates"] as Record<string, MailText>) };
    if (text) all[kind] = text;
    else delete all[kind];
    section["mailer_templates"] = all;
    await putSettings(ref, next);
    await client.invalidateQueries({ queryKey: ["settings", ref] });
  };
  const chosen = templates.data?.find((x) => x.kind === open);
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.templates")} description={t("mails.description")} />
      <div className="space-y-4">
        <SettingsCard
          title={t("mails.server")}
          specs={[
            smtp("host", "text"),
            smtp("port", "number"),
            smtp("encryption", "select", { options: encryptions }),
            smtp("user", "text"),
            smtp("password", "secret"),
            smtp("sender_address", "text"),
            smtp("sender_name", "text"),
          ]}
          note={t("mails.serverNote")}
        />
        <TestMail />
        <SettingsCard
          title={t("mails.language")}
          specs={[
            {
              section: "auth",
              key: "mailer_language",
              kind: "select",
              label: t("mails.defaultLanguage"),
              help: t("mails.defaultLanguageHelp"),
              options: [
                { value: "zh", label: t("mails.chinese") },
                { value: "en", label: t("mails.english") },
              ],
            },
          ]}
        />
        <Card flush title={t("mails.texts")}>
          {templates.isPending || settings.isPending ? (
            <Spinner />
          ) : templates.isError || settings.isError ? (
            <ErrorBox error={templates.error ?? settings.error} className="m-4" onRetry={() => void templates.refetch()} />
          ) : (
            <ListTable
              rows={templates.data}
              rowKey={(x) => x.kind}
              onRow={(x) => setOpen(x.kind)}
              columns={[
                { id: "kind", head: t("mails.occasion"), cell: (x) => <span className="font-medium">{t(`mails.kinds.${x.kind}` as "mails.kinds.invite")}</span> },
                { id: "subject", head: t("mails.subject"), cell: (x) => <span className="line-clamp-1 text-muted">{own[x.kind]?.subject || x[language].subject}</span> },
                { id: "state", head: t("mails.state"), cell: (x) => (own[x.kind] ? <Badge tone="accent">{t("mails.own")}</Badge> : <Badge>{t("mails.default")}</Badge>) },
              ]}
            />
          )}
        </Card>
        <SettingsCard
          title={t("mails.notifications")}
          specs={notifications.map((key) => ({ section: "auth.mailer_notifications", key, kind: "bool" as const, label: t(`mails.kinds.${key}_notification`) }))}
          note={t("mails.notificationsNote")}
        />
      </div>
      {chosen && <TemplateSheet key={`${chosen.kind}`} info={chosen} own={own[chosen.kind] ?? null} language={language} onKeep={(text) => keep(chosen.kind, text)} onClose={() => setOpen(null)} />}
    </Page>
  );
}

function TestMail() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const [to, setTo] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const sent = await testMail(await restFor(client, ref), "confirmation", to.trim());
      toast(t(sent.to === "server" ? "mails.testSent" : "mails.testCaught"));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={t("mails.test")}>
      <form
        className="flex flex-wrap items-center gap-2"
        onSubmit={(e) => {
          e.preventDefault();
          if (to.trim()) void send();
        }}
      >
        <Input aria-label={t("mails.testTo")} type="email" placeholder={t("mails.testTo")} className="min-w-0 flex-1" value={to} onChange={(e) => setTo(e.target.value)} />
        <Button type="submit" busy={busy} disabled={to.trim() === ""}>
          {t("mails.testSend")}
        </Button>
      </form>
      <p className="mt-2 text-xs text-muted">{t("mails.testHelp")}</p>
      <ErrorBox error={error} className="mt-3" />
    </Card>
  );
}
