import { Outlet } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useQueryClient } from "@tanstack/react-query";
import { Pause } from "lucide-react";
import { resumeApp, useApp } from "@/api/apps";
import { Button } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { Nav } from "./nav";
import { Pending } from "./states";
import { Topbar } from "./topbar";

/** Left navigation and the page of one application. */
export function AppLayout() {
  const { t } = useTranslation();
  const { fail } = useFeedback();
  const client = useQueryClient();
  const ref = useAppRef();
  const app = useApp(ref);
  const [drawer, setDrawer] = useState(false);
  const resume = async () => {
    try {
      await resumeApp(ref);
      await client.invalidateQueries();
    } catch (error) {
      fail(error);
    }
  };
  return (
    <div className="flex h-dvh flex-col">
      <Topbar appRef={ref} appName={app.data?.name} onMenu={() => setDrawer(true)} />
      <div className="flex min-h-0 flex-1">
        <aside className="hidden w-48 shrink-0 border-r bg-panel lg:block">
          <Nav appRef={ref} />
        </aside>
        {drawer && (
          <div className="fixed inset-0 z-30 lg:hidden">
            <button type="button" aria-label={t("common.close")} className="absolute inset-0 bg-black/40" onClick={() => setDrawer(false)} />
            <aside className="absolute inset-y-0 left-0 w-60 border-r bg-panel">
              <Nav appRef={ref} onGo={() => setDrawer(false)} />
            </aside>
          </div>
        )}
        <main className="scroll-thin relative min-w-0 flex-1 overflow-auto">
          {app.isError ? (
            <div className="mx-auto max-w-xl p-8">
              <ErrorBox error={app.error} onRetry={() => void app.refetch()} />
            </div>
          ) : app.data?.state === "paused" ? (
            <div className="flex flex-col items-center gap-3 p-16 text-center">
              <Pause size={28} className="text-faint" />
              <div className="text-base font-medium">{t("apps.pausedTitle", { name: app.data.name })}</div>
              <p className="max-w-md text-sm text-muted">{t("apps.pausedHelp")}</p>
              <Button variant="primary" onClick={() => void resume()}>
                {t("apps.resume")}
              </Button>
            </div>
          ) : app.isPending ? (
            <Pending />
          ) : (
            <Suspense fallback={<Pending />}>
              <Outlet key={ref} />
            </Suspense>
          )}
        </main>
      </div>
    </div>
  );
}
