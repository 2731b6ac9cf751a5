import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { deleteFactor, endAllSessions, endSession, getUser, listFactors, listSessions, nameOf, type AuthUser } from "@/api/users";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";

/** Where a user is signed in. */
export function UserSessions({ user }: { user: AuthUser }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const key = ["user-sessions", ref, user.id];
  const sessions = useQuery({ queryKey: key, queryFn: async () => listSessions(await restFor(client, ref), user.id) });
  const end = async (session: string | null) => {
    const body = session ? t("sessions.endBody") : t("sessions.endAllBody", { count: sessions.data?.length ?? 0 });
    if (!(await confirm({ title: session ? t("sessions.endTitle") : t("sessions.endAllTitle", { name: nameOf(user) }), body, action: t(session ? "sessions.end" : "sessions.endAll"), danger: true }))) return;
    try {
      const rest = await restFor(client, ref);
      await (session ? endSession(rest, user.id, session) : endAllSessions(rest, user.id));
      await client.invalidateQueries({ queryKey: key });
      toast(t("sessions.ended"));
    } catch (e) {
      fail(e);
    }
  };
  if (sessions.isPending) return <Spinner />;
  if (sessions.isError) return <ErrorBox error={sessions.error} onRetry={() => void sessions.refetch()} />;
  if (sessions.data.length === 0) return <p className="text-sm text-muted">{t("sessions.empty")}</p>;
  return (
    <div className="space-y-3">
      <ul className="divide-y rounded-md border">
        {sessions.data.map((s) => (
          <li key={s.id} className="flex items-start gap-3 px-3 py-2.5 text-xs">
            <div className="min-w-0 flex-1 space-y-1">
              <div className="break-words text-sm">{s.user_agent || t("sessions.unknownDevice")}</div>
              <div className="flex flex-wrap gap-x-3 gap-y-1 text-muted tabular-nums">
                <span>{s.ip ?? ""}</span>
                <span>{t("sessions.began", { at: time(s.created_at) })}</span>
                <span>{t("sessions.used", { at: time(s.refreshed_at ?? s.created_at) })}</span>
              </div>
              <div className="flex flex-wrap gap-1">
                {s.methods.map((m) => (
                  <Badge key={m}>{m}</Badge>
                ))}
                {s.aal === "aal2" && <Badge tone="ok">{s.aal}</Badge>}
              </div>
            </div>
            <Button size="sm" onClick={() => void end(s.id)}>
              {t("sessions.end")}
            </Button>
          </li>
        ))}
      </ul>
      <Button size="sm" variant="danger" onClick={() => void end(null)}>
        {t("sessions.endAll")}
      </Button>
    </div>
  );
}

/** Second factors and ways to sign in. */
export function UserFactors({ user }: { user: AuthUser }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const factorsKey = ["user-factors", ref, user.id];
  const factors = useQuery({ queryKey: factorsKey, queryFn: async () => listFactors(await restFor(client, ref), user.id) });
  const whole = useQuery({ queryKey: ["user", ref, user.id], queryFn: async () => getUser(await restFor(client, ref), user.id) });
  const remove = async (id: string, name: string) => {
    if (!(await confirm({ title: t("factors.removeTitle", { name }), body: t("factors.removeBody"), action: t("factors.remove"), danger: true }))) return;
    try {
      await deleteFactor(await restFor(client, ref), user.id, id);
      await client.invalidateQueries({ queryKey: factorsKey });
      toast(t("factors.removed"));
    } catch (e) {
      fail(e);
    }
  };
  if (factors.isPending || whole.isPending) return <Spinner />;
  if (factors.isError || whole.isError) return <ErrorBox error={factors.error ?? whole.error} onRetry={() => void factors.refetch()} />;
  const identities = whole.data.identities ?? [];
  return (
    <div className="space-y-5">
      <section>
        <h3 className="mb-2 text-sm font-semibold">{t("factors.title")}</h3>
        {factors.data.length === 0 && <p className="text-sm text-muted">{t("factors.empty")}</p>}
        <ul className="divide-y rounded-md border empty:hidden">
          {factors.data.map((f) => (
            <li key={f.id} className="flex items-center gap-3 px-3 py-2 text-sm">
              <span className="min-w-0 flex-1 truncate">{f.friendly_name || f.factor_type}</span>
              <Badge>{f.factor_type}</Badge>
              <Badge tone={f.status === "verified" ? "ok" : "warn"}>{t(f.status === "verified" ? "factors.verified" : "factors.unverified")}</Badge>
              <Button size="sm" onClick={() => void remove(f.id, f.friendly_name || f.factor_type)}>
                {t("factors.remove")}
              </Button>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3 className="mb-2 text-sm font-semibold">{t("factors.identities")}</h3>
        {identities.length === 0 && <p className="text-sm text-muted">{t(user.wechat_id ? "factors.onlyWechat" : "factors.noIdentities")}</p>}
        <ul className="divide-y rounded-md border empty:hidden">
          {identities.map((i) => (
            <li key={i.identity_id} className="space-y-1 px-3 py-2 text-xs">
              <div className="flex items-center gap-2">
                <Badge tone="accent">{i.provider}</Badge>
                <span className="ml-auto text-muted tabular-nums">{time(i.last_sign_in_at ?? i.created_at)}</span>
              </div>
              <pre className="scroll-thin overflow-x-auto font-mono text-muted">{JSON.stringify(i.identity_data, null, 2)}</pre>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
