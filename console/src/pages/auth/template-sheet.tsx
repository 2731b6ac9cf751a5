import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { previewMail, type MailTemplateInfo, type MailText } from "@/api/mails";
import { restFor } from "@/api/rest";
import { MailFrame } from "@/components/mail-frame";
import { Button, Field, Input, Textarea } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";

/** One text of a mail: written, looked at, kept or given up for the default one. */
export function TemplateSheet({ info, own, language, onKeep, onClose }: { info: MailTemplateInfo; own: MailText | null; language: "zh" | "en"; onKeep: (text: MailText | null) => Promise<void>; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast } = useFeedback();
  const start = { subject: own?.subject || info[language].subject, content: own?.content || info[language].content };
  const [text, setText] = useState<MailText>(start);
  const [shown, setShown] = useState<{ subject: string; html: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const work = async (task: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await task();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const preview = () => work(async () => setShown(await previewMail(await restFor(client, ref), info.kind, text)));
  const save = () =>
    work(async () => {
      // The server reads it first: a text with a mistake is not kept.
      await previewMail(await restFor(client, ref), info.kind, text);
      await onKeep(text);
      toast(t("common.saved"));
      onClose();
    });
  const reset = async () => {
    if (!(await confirm({ title: t("mails.resetTitle"), body: t("mails.resetBody"), action: t("mails.reset"), danger: true }))) return;
    await work(async () => {
      await onKeep(null);
      toast(t("common.saved"));
      onClose();
    });
  };
  return (
    <Sheet
      open
      wide
      onClose={onClose}
      title={t(`mails.kinds.${info.kind}` as "mails.kinds.invite")}
      footer={
        <>
          {own && (
            <Button className="mr-auto" onClick={() => void reset()}>
              {t("mails.reset")}
            </Button>
          )}
          <Button busy={busy} onClick={() => void preview()}>
            {t("mails.preview")}
          </Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("mails.subject")}>
          <Input value={text.subject} onChange={(e) => setText({ ...text, subject: e.target.value })} />
        </Field>
        <Field label={t("mails.content")} help={t("mails.contentHelp")}>
          <Textarea rows={14} className="font-mono text-xs" value={text.content} onChange={(e) => setText({ ...text, content: e.target.value })} />
        </Field>
        <div>
          <div className="mb-1 text-xs text-muted">{t("mails.variables")}</div>
          <div className="flex flex-wrap gap-1.5">
            {info.variables.map((name) => (
              <button key={name} type="button" className="rounded border bg-raised px-1.5 py-0.5 font-mono text-xs hover:bg-hover" onClick={() => setText({ ...text, content: `${text.content}{{ .${name} }}` })}>
                {`{{ .${name} }}`}
              </button>
            ))}
          </div>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => setText(info.zh)}>
            {t("mails.useChinese")}
          </Button>
          <Button size="sm" onClick={() => setText(info.en)}>
            {t("mails.useEnglish")}
          </Button>
        </div>
        <ErrorBox error={error} />
        {shown && (
          <div className="space-y-2">
            <div className="text-sm font-semibold">{shown.subject}</div>
            <MailFrame html={shown.html} title={t("mails.preview")} />
          </div>
        )}
      </div>
    </Sheet>
  );
}
