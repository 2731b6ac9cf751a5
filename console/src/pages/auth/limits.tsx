import { useTranslation } from "react-i18next";
import { SettingsCard, type SettingSpec } from "@/components/settings-form";
import { Page, PageHead } from "@/components/ui/page";

const hourly = ["email_sent", "sms_sent"] as const;
const byAddress = ["otp", "verify", "token_refresh", "anonymous_users", "mfa_challenge_and_verify"] as const;

/** How often clients may ask. */
export function LimitsPage() {
  const { t } = useTranslation();
  const spec = (key: (typeof hourly | typeof byAddress)[number]): SettingSpec => ({ section: "auth.rate_limits", key, kind: "number", label: t(`limits.${key}`), help: t(`limits.${key}_help`) });
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.limits")} description={t("limits.description")} />
      <div className="space-y-4">
        <SettingsCard title={t("limits.whole")} specs={hourly.map(spec)} note={t("limits.wholeNote")} />
        <SettingsCard title={t("limits.byAddress")} specs={byAddress.map(spec)} note={t("limits.byAddressNote")} />
      </div>
    </Page>
  );
}
