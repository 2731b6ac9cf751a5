import { useTranslation } from "react-i18next";
import { SettingsCard } from "@/components/settings-form";
import { Page, PageHead } from "@/components/ui/page";

/** Where links in mails and finished sign-ins may lead. */
export function UrlsPage() {
  const { t } = useTranslation();
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.urls")} description={t("urls.description")} />
      <div className="space-y-4">
        <SettingsCard title={t("authSettings.site_url")} specs={[{ section: "auth", key: "site_url", kind: "text", label: t("authSettings.site_url"), help: t("authSettings.site_url_help") }]} />
        <SettingsCard
          title={t("authSettings.uri_allow_list")}
          specs={[{ section: "auth", key: "uri_allow_list", kind: "list", label: t("authSettings.uri_allow_list"), help: t("authSettings.uri_allow_list_help") }]}
          note={t("urls.wildcards")}
        />
      </div>
    </Page>
  );
}
