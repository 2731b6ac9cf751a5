import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Spinner } from "@/components/ui/base";

export function Pending() {
  return <Spinner />;
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty
      title={t("shell.notFound")}
      action={
        <Link to="/" className="text-accent underline">
          {t("apps.title")}
        </Link>
      }
    >
      {t("shell.notFoundHelp")}
    </Empty>
  );
}

export function LoadFailed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <div className="mx-auto max-w-xl space-y-3 p-8">
      <ErrorBox error={error} />
      <button type="button" className="text-sm text-accent underline" onClick={() => window.location.reload()}>
        {t("shell.reload")}
      </button>
    </div>
  );
}
