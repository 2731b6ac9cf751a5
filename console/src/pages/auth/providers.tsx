import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { getSettings } from "@/api/apps";
import { SettingsCard, type SettingKind, type SettingSpec } from "@/components/settings-form";
import { Badge } from "@/components/ui/base";
import { Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";

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

const sms = { provider: "select", otp_length: "number", otp_exp: "number", max_frequency: "number", test_otps: "pairs" } as const satisfies Record<string, SettingKind>;
const aliyun = { region_id: "text", access_key_id: "text", access_key_secret: "secret", sign_name: "text", template_code: "text" } as const satisfies Record<string, SettingKind>;

/** Ways to sign in; WeChat first. */
export function ProvidersPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const auth = settings.data?.["auth"] ?? {};
  const spec = (key: keyof typeof kinds): SettingSpec => ({ section: "auth", key, kind: kinds[key], label: t(`providers.${key}`), help: t(`providers.${key}_help`) });
  const smsSpec = (key: keyof typeof sms): SettingSpec => ({
    section: "auth.sms",
    key,
    kind: sms[key],
    label: t(`sms.${key}`),
    help: t(`sms.${key}_help`),
    unit: key === "otp_exp" || key === "max_frequency" ? t("settings.seconds") : undefined,
    options: [
      { value: "none", label: t("sms.providers.none") },
      { value: "aliyun", label: t("sms.providers.aliyun") },
    ],
  });
  const aliyunSpec = (key: keyof typeof aliyun): SettingSpec => ({ section: "auth.sms.aliyun", key, kind: aliyun[key], label: t(`sms.aliyun.${key}`), help: t(`sms.aliyun.${key}_help`) });
  const on = (yes: boolean) => <Badge tone={yes ? "ok" : "neutral"}>{t(yes ? "providers.on" : "providers.off")}</Badge>;
  const provider = (auth["sms"] as { provider?: string } | undefined)?.provider;
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.providers")} description={t("providers.description")} />
      <div className="space-y-4">
        <SettingsCard title={t("providers.wechat")} specs={[spec("wechat_mini_app_id"), spec("wechat_mini_app_secret")]} note={t("providers.wechatNote")}>
          <div className="border-b px-4 py-2">{on(Boolean(auth["wechat_mini_app_id"] && auth["wechat_mini_app_secret"]))}</div>
        </SettingsCard>
        <SettingsCard title={t("providers.email")} specs={[spec("email_enabled"), spec("mailer_autoconfirm"), spec("magic_link_enabled"), spec("mailer_secure_email_change")]}>
          <div className="border-b px-4 py-2">{on(auth["email_enabled"] === true)}</div>
        </SettingsCard>
        <SettingsCard title={t("providers.phone")} specs={[spec("phone_enabled"), spec("sms_autoconfirm"), smsSpec("provider"), smsSpec("otp_exp"), smsSpec("otp_length"), smsSpec("max_frequency"), smsSpec("test_otps")]}>
          <div className="border-b px-4 py-2">{on(auth["phone_enabled"] === true)}</div>
        </SettingsCard>
        {provider === "aliyun" && (
          <SettingsCard title={t("sms.aliyun.title")} specs={(Object.keys(aliyun) as (keyof typeof aliyun)[]).map(aliyunSpec)} note={t("sms.aliyun.note")} />
        )}
        <SettingsCard title={t("providers.anonymous")} specs={[spec("anonymous_enabled")]}>
          <div className="border-b px-4 py-2">{on(auth["anonymous_enabled"] === true)}</div>
        </SettingsCard>
      </div>
    </Page>
  );
}
