import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import clsx from "clsx";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createApp } from "@/api/apps";
import { Button, Field, Input } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";

const REF = /^[a-z][a-z0-9-]{0,39}$/;

export function CreateAppDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [ref, setRef] = useState("");
  const [template, setTemplate] = useState<"empty" | "chatroom">("empty");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const badRef = ref !== "" && !REF.test(ref);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const app = await createApp({ name: name.trim(), ref: ref || undefined, template });
      await client.invalidateQueries({ queryKey: ["apps"] });
      setName("");
      setRef("");
      onClose();
      await navigate({ to: "/app/$ref", params: { ref: app.ref } });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("apps.create")}
      description={t("apps.createHelp")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="create-app" busy={busy} disabled={!name.trim() || badRef}>
            {busy ? t("apps.creating") : t("common.create")}
          </Button>
        </>
      }
    >
      <form
        id="create-app"
        className="space-y-4"
        onSubmit={(e) => {
          e.preventDefault();
          if (name.trim() && !badRef && !busy) void submit();
        }}
      >
        <Field label={t("apps.name")}>
          <Input autoFocus value={name} maxLength={100} placeholder={t("apps.namePlaceholder")} onChange={(e) => setName(e.target.value)} />
        </Field>
        <div>
          <div className="mb-1 text-sm font-medium">{t("apps.template")}</div>
          <div className="grid gap-2 sm:grid-cols-2">
            {(["empty", "chatroom"] as const).map((v) => (
              <button
                key={v}
                type="button"
                role="radio"
                aria-checked={template === v}
                onClick={() => setTemplate(v)}
                className={clsx("rounded-md border p-3 text-left", template === v ? "border-accent bg-accent-soft" : "hover:bg-hover")}
              >
                <span className="block font-medium">{t(`apps.templates.${v}`)}</span>
                <span className="mt-0.5 block text-xs text-muted">{t(`apps.templates.${v}Help`)}</span>
              </button>
            ))}
          </div>
        </div>
        <Field label={t("apps.ref")} help={t("apps.refHelp")} error={badRef ? t("apps.refBad") : undefined}>
          <Input value={ref} aria-invalid={badRef} placeholder={t("apps.refPlaceholder")} onChange={(e) => setRef(e.target.value.toLowerCase())} className="font-mono" />
        </Field>
        <ErrorBox error={error} />
      </form>
    </Dialog>
  );
}
