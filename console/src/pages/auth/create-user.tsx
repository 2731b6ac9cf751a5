import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { createUser, inviteUser } from "@/api/users";
import { Button, Checkbox, Field, Input } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";

export function CreateUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const [mode, setMode] = useState<"create" | "invite">("create");
  const [email, setEmail] = useState("");
  const [phone, setPhone] = useState("");
  const [password, setPassword] = useState("");
  const [confirmed, setConfirmed] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = mode === "invite" ? email.trim() !== "" : (email.trim() !== "" || phone.trim() !== "") && password !== "";
  const submit = async () => {
    if (!ready) return;
    setBusy(true);
    setError(null);
    try {
      const rest = await restFor(client, ref);
      if (mode === "invite") await inviteUser(rest, email.trim());
      else
        await createUser(rest, {
          password,
          ...(email.trim() ? { email: email.trim(), email_confirm: confirmed } : {}),
          ...(phone.trim() ? { phone: phone.trim(), phone_confirm: confirmed } : {}),
        });
      await client.invalidateQueries({ queryKey: ["users", ref] });
      toast(t(mode === "invite" ? "users.invited" : "users.created"));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("users.create")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="create-user" busy={busy} disabled={!ready}>
            {mode === "invite" ? t("users.sendInvite") : t("common.create")}
          </Button>
        </>
      }
    >
      <Tabs
        value={mode}
        onChange={setMode}
        tabs={[
          { value: "create", label: t("users.withPassword") },
          { value: "invite", label: t("users.invite") },
        ]}
      />
      <form
        id="create-user"
        className="mt-4 space-y-4"
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <Field label={t("users.email")}>
          <Input autoFocus type="email" value={email} onChange={(e) => setEmail(e.target.value)} />
        </Field>
        {mode === "create" ? (
          <>
            <Field label={t("users.phone")} help={t("users.phoneHelp")}>
              <Input value={phone} onChange={(e) => setPhone(e.target.value)} />
            </Field>
            <Field label={t("login.password")}>
              <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.target.value)} />
            </Field>
            <Checkbox label={t("users.confirmNow")} help={t("users.confirmNowHelp")} checked={confirmed} onChange={setConfirmed} />
          </>
        ) : (
          <p className="text-xs text-muted">{t("users.inviteHelp")}</p>
        )}
        <ErrorBox error={error} />
      </form>
    </Dialog>
  );
}
