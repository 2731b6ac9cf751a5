import { useQueryClient } from "@tanstack/react-query";
import { Flame, Languages } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { signIn } from "@/api/session";
import { Button, Field, IconButton, Input } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { setLanguage } from "@/i18n";

export function LoginPage() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const { user } = await signIn(username.trim(), password);
      client.setQueryData(["session"], user);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-3">
          <span className="flex size-10 items-center justify-center rounded-lg bg-accent text-accent-fg">
            <Flame size={22} />
          </span>
          <div className="flex-1">
            <h1 className="text-lg leading-tight font-semibold">{t("shell.brand")}</h1>
            <p className="text-sm text-muted">{t("login.subtitle")}</p>
          </div>
          <IconButton label={t("shell.language")} onClick={() => setLanguage(i18n.language === "zh" ? "en" : "zh")}>
            <Languages size={16} />
          </IconButton>
        </div>
        <form
          className="space-y-4 rounded-lg border bg-panel p-5"
          onSubmit={(e) => {
            e.preventDefault();
            void submit();
          }}
        >
          <Field label={t("login.username")}>
            <Input name="username" autoComplete="username" autoFocus required value={username} onChange={(e) => setUsername(e.target.value)} />
          </Field>
          <Field label={t("login.password")}>
            <Input name="password" type="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
          </Field>
          <ErrorBox error={error} />
          <Button type="submit" variant="primary" busy={busy} className="w-full">
            {t("login.submit")}
          </Button>
        </form>
        <p className="mt-4 text-xs text-muted">{t("login.help")}</p>
      </div>
    </main>
  );
}
