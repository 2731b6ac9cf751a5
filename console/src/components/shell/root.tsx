import { Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { useSession } from "@/api/session";
import { ErrorBox } from "@/components/ui/feedback";
import { LoginPage } from "@/pages/account/login";
import { Palette } from "./palette";
import { Pending } from "./states";

/** Everything stands behind the sign-in; the address asked for stays and opens after it. */
export function Root() {
  const session = useSession();
  if (session.isPending) return <Pending />;
  if (session.isError)
    return (
      <div className="mx-auto max-w-lg p-8">
        <ErrorBox error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  if (!session.data) return <LoginPage />;
  return (
    <Suspense fallback={<Pending />}>
      <Outlet />
      <Palette />
    </Suspense>
  );
}
