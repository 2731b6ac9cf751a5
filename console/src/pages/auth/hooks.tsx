import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Webhook } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { getSettings, putSettings } from "@/api/apps";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import type { Hook, HookName } from "@/lib/auth-hooks";
import { HOOKS } from "@/lib/auth-hooks";
import { HookSheet } from "./hook-sheet";

/** Code of the application's own that sign-up, sign-in, mails and messages ask. */
export function HooksPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const [open, setOpen] = useState<HookName | null>(null);
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const hooks = (settings.data?.["auth"]?.["hooks"] ?? {}) as Partial<Record<HookName, Hook>>;
  const keep = async (name: HookName, hook: Hook) => {
    const next = structuredClone(await getSettings(ref));
    const all = next["auth"]?.["hooks"] as Record<string, Hook> | undefined;
    if (all) all[name] = hook;
    await putSettings(ref, next);
    await client.invalidateQueries({ queryKey: ["settings", ref] });
  };
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.hooks")} description={t("hooks.description")} />
      {settings.isPending ? (
        <Spinner />
      ) : settings.isError ? (
        <ErrorBox error={settings.error} onRetry={() => void settings.refetch()} />
      ) : (
        <ul className="divide-y rounded-lg border bg-panel">
          {HOOKS.map((name) => {
            const hook = hooks[name];
            return (
              <li key={name} className="flex flex-wrap items-center gap-3 px-4 py-3">
                <Webhook size={16} className="shrink-0 text-muted" />
                <div className="min-w-0 flex-1">
                  <div className="flex flex-wrap items-center gap-2 text-sm font-medium">
                    {t(`hooks.names.${name}`)}
                    <Badge tone={hook?.enabled ? "ok" : "neutral"}>{t(hook?.enabled ? "providers.on" : "providers.off")}</Badge>
                  </div>
                  <p className="text-xs text-muted">{t(`hooks.helps.${name}`)}</p>
                  {hook?.uri && <code className="block truncate font-mono text-xs text-faint">{hook.uri}</code>}
                </div>
                <Button size="sm" onClick={() => setOpen(name)}>
                  {t("hooks.configure")}
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      {open && <HookSheet key={open} name={open} hook={hooks[open] ?? { enabled: false, uri: "", secret: "" }} onKeep={(h) => keep(open, h)} onClose={() => setOpen(null)} />}
    </Page>
  );
}
