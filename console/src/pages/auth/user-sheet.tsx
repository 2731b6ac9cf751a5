import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { deleteUser, isBanned, nameOf, providersOf, updateUser, type AuthUser, type UserChange } from "@/api/users";
import { Badge, Button, Checkbox, Field, Input, Select, Textarea } from "@/components/ui/base";
import { CopyButton, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog, Sheet } from "@/components/ui/overlay";
import { Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";
import { UserFactors, UserSessions } from "./user-sessions";

const BANS = { hour: "1h", day: "24h", week: "168h", month: "720h", forever: "876000h" } as const;

export function UserSheet({ user: u, onClose }: { user: AuthUser; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast, fail } = useFeedback();
  const [tab, setTab] = useState<"profile" | "sessions" | "factors">("profile");
  const [asking, setAsking] = useState<"ban" | "delete" | null>(null);
  const [ban, setBan] = useState<keyof typeof BANS>("day");
  const [soft, setSoft] = useState(false);
  const [email, setEmail] = useState(u.email ?? "");
  const [phone, setPhone] = useState(u.phone ?? "");
  const [password, setPassword] = useState("");
  const [meta, setMeta] = useState(JSON.stringify(u.user_metadata, null, 2));
  const [appMeta, setAppMeta] = useState(JSON.stringify(u.app_metadata, null, 2));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const banned = isBanned(u);

  const apply = async (change: UserChange, done: string) => {
    await updateUser(await restFor(client, ref), u.id, change);
    await client.invalidateQueries({ queryKey: ["users", ref] });
    toast(done);
  };
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      const change: UserChange = {};
      if (email !== (u.email ?? "")) Object.assign(change, { email, email_confirm: true });
      if (phone !== (u.phone ?? "")) Object.assign(change, { phone, phone_confirm: true });
      if (password !== "") change.password = password;
      if (meta !== JSON.stringify(u.user_metadata, null, 2)) change.user_metadata = JSON.parse(meta) as Record<string, unknown>;
      if (appMeta !== JSON.stringify(u.app_metadata, null, 2)) change.app_metadata = JSON.parse(appMeta) as Record<string, unknown>;
      await apply(change, t("common.saved"));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const setBanned = async (duration: string) => {
    setAsking(null);
    try {
      await apply({ ban_duration: duration }, t(duration === "none" ? "users.unbanned" : "users.bannedDone"));
    } catch (e) {
      fail(e);
    }
  };
  const remove = async () => {
    setAsking(null);
    try {
      await deleteUser(await restFor(client, ref), u.id, soft);
      await client.invalidateQueries({ queryKey: ["users", ref] });
      toast(t("users.deleted"));
      onClose();
    } catch (e) {
      fail(e);
    }
  };
  const facts: [string, string][] = [
    [t("users.createdAt"), time(u.created_at)],
    [t("users.lastSignIn"), time(u.last_sign_in_at)],
    ...(u.wechat_id ? ([["openid", u.wechat_id]] as [string, string][]) : []),
    ...(u.wechat_unionid ? ([["unionid", u.wechat_unionid]] as [string, string][]) : []),
    ...(banned ? ([[t("users.bannedUntil"), time(u.banned_until)]] as [string, string][]) : []),
  ];
  return (
    <Sheet
      open
      onClose={onClose}
      title={nameOf(u)}
      footer={
        tab === "profile" ? (
          <>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button variant="primary" busy={busy} onClick={() => void save()}>
              {t("common.save")}
            </Button>
          </>
        ) : undefined
      }
    >
      <Tabs
        value={tab}
        onChange={setTab}
        tabs={[
          { value: "profile", label: t("userSheet.profile") },
          { value: "sessions", label: t("userSheet.sessions") },
          { value: "factors", label: t("userSheet.factors") },
        ]}
      />
      {tab === "sessions" && (
        <div className="mt-4">
          <UserSessions user={u} />
        </div>
      )}
      {tab === "factors" && (
        <div className="mt-4">
          <UserFactors user={u} />
        </div>
      )}
      <div className="mt-4 space-y-4" hidden={tab !== "profile"}>
        <div className="flex items-center gap-2">
          <code className="min-w-0 flex-1 truncate font-mono text-xs">{u.id}</code>
          {providersOf(u).map((p) => (
            <Badge key={p}>{p}</Badge>
          ))}
          <CopyButton compact text={u.id} />
        </div>
        <dl className="grid grid-cols-[100px_minmax(0,1fr)] gap-y-1 text-xs">
          {facts.map(([k, v]) => (
            <div key={k} className="contents">
              <dt className="text-muted">{k}</dt>
              <dd className="break-all tabular-nums">{v}</dd>
            </div>
          ))}
        </dl>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("users.email")}>
            <Input value={email} onChange={(e) => setEmail(e.target.value)} />
          </Field>
          <Field label={t("users.phone")}>
            <Input value={phone} onChange={(e) => setPhone(e.target.value)} />
          </Field>
        </div>
        <Field label={t("users.newPassword")} help={t("users.newPasswordHelp")}>
          <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.target.value)} />
        </Field>
        <Field label={t("users.userMetadata")} help={t("users.userMetadataHelp")}>
          <Textarea rows={5} className="font-mono text-xs" value={meta} onChange={(e) => setMeta(e.target.value)} />
        </Field>
        <Field label={t("users.appMetadata")} help={t("users.appMetadataHelp")}>
          <Textarea rows={5} className="font-mono text-xs" value={appMeta} onChange={(e) => setAppMeta(e.target.value)} />
        </Field>
        <ErrorBox error={error} />
        <div className="rounded-md border border-danger/40 p-3">
          <div className="mb-2 text-sm font-semibold text-danger">{t("common.dangerZone")}</div>
          <div className="flex gap-2">
            <Button size="sm" onClick={() => (banned ? void setBanned("none") : setAsking("ban"))}>
              {t(banned ? "users.unban" : "users.ban")}
            </Button>
            <Button size="sm" variant="danger" onClick={() => setAsking("delete")}>
              {t("users.delete")}
            </Button>
          </div>
        </div>
      </div>
      <Dialog
        open={asking === "ban"}
        onClose={() => setAsking(null)}
        title={t("users.banTitle", { name: nameOf(u) })}
        description={t("users.banBody")}
        footer={
          <>
            <Button onClick={() => setAsking(null)}>{t("common.cancel")}</Button>
            <Button variant="danger" onClick={() => void setBanned(BANS[ban])}>
              {t("users.ban")}
            </Button>
          </>
        }
      >
        <Field label={t("userSheet.banFor")}>
          <Select value={ban} onChange={(e) => setBan(e.target.value as keyof typeof BANS)}>
            {(Object.keys(BANS) as (keyof typeof BANS)[]).map((k) => (
              <option key={k} value={k}>
                {t(`userSheet.bans.${k}`)}
              </option>
            ))}
          </Select>
        </Field>
      </Dialog>
      <Dialog
        open={asking === "delete"}
        onClose={() => setAsking(null)}
        title={t("users.deleteTitle", { name: nameOf(u) })}
        description={t("users.deleteBody")}
        footer={
          <>
            <Button onClick={() => setAsking(null)}>{t("common.cancel")}</Button>
            <Button variant="danger" onClick={() => void remove()}>
              {t("users.delete")}
            </Button>
          </>
        }
      >
        <Checkbox label={t("userSheet.soft")} help={t("userSheet.softHelp")} checked={soft} onChange={setSoft} />
      </Dialog>
    </Sheet>
  );
}
