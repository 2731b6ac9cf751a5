import { useTranslation } from "react-i18next";
import { SettingsCard, type SettingKind, type SettingSpec } from "@/components/settings-form";
import { Page, PageHead } from "@/components/ui/page";

const groups = {
  signup: ["disable_signup", "manual_linking_enabled"],
  passwords: ["password_min_length", "password_required_characters", "update_password_require_reauthentication", "update_password_require_current_password"],
  tokens: ["jwt_expiry", "refresh_token_rotation", "refresh_token_reuse_interval"],
  sessions: ["sessions_timebox", "sessions_inactivity_timeout", "sessions_single_per_user"],
  mails: ["mailer_otp_exp", "mailer_otp_length", "mailer_max_frequency"],
  mfa: ["mfa_totp_enroll_enabled", "mfa_totp_verify_enabled", "mfa_max_enrolled_factors"],
} as const;

type Key = (typeof groups)[keyof typeof groups][number];

const kinds: Record<Key, SettingKind> = {
  disable_signup: "bool",
  manual_linking_enabled: "bool",
  password_min_length: "number",
  password_required_characters: "list",
  update_password_require_reauthentication: "bool",
  update_password_require_current_password: "bool",
  jwt_expiry: "number",
  refresh_token_rotation: "bool",
  refresh_token_reuse_interval: "number",
  sessions_timebox: "number",
  sessions_inactivity_timeout: "number",
  sessions_single_per_user: "bool",
  mailer_otp_exp: "number",
  mailer_otp_length: "number",
  mailer_max_frequency: "number",
  mfa_totp_enroll_enabled: "bool",
  mfa_totp_verify_enabled: "bool",
  mfa_max_enrolled_factors: "number",
};

const seconds = new Set<Key>(["jwt_expiry", "refresh_token_reuse_interval", "sessions_timebox", "sessions_inactivity_timeout", "mailer_otp_exp", "mailer_max_frequency"]);

export function AuthSettingsPage() {
  const { t } = useTranslation();
  const spec = (key: Key): SettingSpec => ({ section: "auth", key, kind: kinds[key], label: t(`authSettings.${key}`), help: t(`authSettings.${key}_help`), unit: seconds.has(key) ? t("settings.seconds") : undefined });
  return (
    <Page>
      <PageHead title={t("authSettings.title")} description={t("authSettings.description")} />
      <div className="space-y-4">
        {(Object.keys(groups) as (keyof typeof groups)[]).map((g) => (
          <SettingsCard key={g} title={t(`authSettings.groups.${g}`)} specs={groups[g].map(spec)} />
        ))}
      </div>
    </Page>
  );
}
