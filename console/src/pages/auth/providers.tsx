import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { getSettings } from "@/api/apps";
import { SettingsCard, type SettingSpec } from "@/components/settings-form";
import { Badge } from "@/components/ui/base";
import { Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";

/** Ways to sign in; WeChat first. */
export function ProvidersPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const auth = settings.data?.["auth"] ?? {};
  const spec = (key: keyof typeof kinds): SettingSpec => ({ section: "auth", key, kind: kinds[key], label: t(`providers.${key}`), help: t(`providers.${key}_help`) });
  const on = (yes: boolean) => <Badge tone={yes ? "ok" : "neutral"}>{t(yes ? "providers.on" : "providers.off")}</Badge>;
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.providers")} description={t("providers.description")} />
      <div className="space-y-4">
        <SettingsCard title={t("providers.wechat")} specs={[spec("wechat_mini_app_id"), spec("wechat_mini_app_secret")]} note={t("providers.wechatNote")}>
          <div className="border-b px-4 py-2">{on(Boolean(auth["wechat_mini_app_id"]))}</div>
        </SettingsCard>
        <SettingsCard title={t("providers.email")} specs={[spec("email_enabled"), spec("mailer_autoconfirm"), spec("magic_link_enabled"), spec("mailer_secure_email_change")]}>
          <div className="border-b px-4 py-2">{on(auth["email_enabled"] === true)}</div>
        </SettingsCard>
        <SettingsCard title={t("providers.phone")} specs={[spec("phone_enabled"), spec("sms_autoconfirm")]}>
          <div className="border-b px-4 py-2">{on(auth["phone_enabled"] === true)}</div>
        </SettingsCard>
        <SettingsCard title={t("providers.anonymous")} specs={[spec("anonymous_enabled")]}>
          <div className="border-b px-4 py-2">{on(auth["anonymous_enabled"] === true)}</div>
        </SettingsCard>
      </div>
    </Page>
  );
}

const kinds = {
  wechat_mini_app_id: "text",
  wechat_mini_app_secret: "secret",
  email_enabled: "bool",
  mailer_autoconfirm: "bool",
  magic_link_enabled: "bool",
  mailer_secure_email_change: "bool",
  phone_enabled: "bool",
  sms_autoconfirm: "bool",
  anonymous_enabled: "bool",
} as const;
