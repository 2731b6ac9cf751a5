import { useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AppDetail } from "@/api/apps";
import { restFor } from "@/api/rest";
import { userToken } from "@/api/users";
import { UserIdInput } from "@/components/user-id-input";
import { Badge, Button, Field, Input, Select, Textarea } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Card } from "@/components/ui/page";

const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;
export type Method = (typeof METHODS)[number];
const ROLES = ["anon", "user", "service"] as const;
const SHOWN = 20_000;

export interface Attempt {
  method: Method;
  /** Below /rest/v1/. */
  path: string;
  body: string;
}

interface Answer {
  status: number;
  ms: number;
  range: string | null;
  body: string;
}

/** A live request to the instant API: what a client with this key, or this user, gets. */
export function TryIt({ app, attempts }: { app: AppDetail; /** Beginnings, the first of which stands there. */ attempts: Attempt[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [attempt, setAttempt] = useState<Attempt>(attempts[0] ?? { method: "GET", path: "", body: "" });
  const [role, setRole] = useState<(typeof ROLES)[number]>("anon");
  const [user, setUser] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const writes = attempt.method !== "GET" && !attempt.path.startsWith("rpc/");
  const hasBody = attempt.method === "POST" || attempt.method === "PATCH";
  const begin = (method: Method) => setAttempt(attempts.find((a) => a.method === method) ?? { ...attempt, method });
  const send = async () => {
    setError(null);
    setAnswer(null);
    setBusy(true);
    try {
      const key = role === "service" ? (await restFor(client, app.ref)).key : app.anon_key;
      const bearer = role === "user" ? await userToken(app.ref, user.trim()) : key;
      const from = performance.now();
      const r = await fetch(`/apps/${encodeURIComponent(app.ref)}/rest/v1/${attempt.path}`, {
        method: attempt.method,
        headers: { apikey: key, Authorization: `Bearer ${bearer}`, ...(hasBody ? { "Content-Type": "application/json" } : {}), ...(writes ? { Prefer: "return=representation" } : {}) },
        body: hasBody ? attempt.body : undefined,
      });
      const raw = await r.text();
      let body = raw;
      try {
        body = JSON.stringify(JSON.parse(raw), null, 2);
      } catch {
        // Shown as it came.
      }
      setAnswer({ status: r.status, ms: performance.now() - from, range: r.headers.get("content-range"), body: body.slice(0, SHOWN) });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={t("docs.tryIt")}>
      <form
        className="space-y-3"
        onSubmit={(e) => {
          e.preventDefault();
          void send();
        }}
      >
        <div className="flex flex-wrap items-center gap-2">
          <Select aria-label={t("docs.method")} className="w-24 font-mono text-xs" value={attempt.method} onChange={(e) => begin(e.target.value as Method)}>
            {METHODS.map((m) => (
              <option key={m}>{m}</option>
            ))}
          </Select>
          <code className="hidden shrink-0 font-mono text-xs text-muted sm:block">/rest/v1/</code>
          <Input aria-label={t("docs.path")} className="min-w-40 flex-1 font-mono text-xs" value={attempt.path} onChange={(e) => setAttempt({ ...attempt, path: e.target.value })} />
          <Button type="submit" variant="primary" busy={busy} icon={<Play size={13} />}>
            {t("docs.run")}
          </Button>
        </div>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("policies.testAs")}>
            <Select value={role} onChange={(e) => setRole(e.target.value as typeof role)}>
              {ROLES.map((r) => (
                <option key={r} value={r}>
                  {t(`inspector.${r}`)}
                </option>
              ))}
            </Select>
          </Field>
          {role === "user" && (
            <Field label={t("sql.userId")}>
              <UserIdInput value={user} onChange={setUser} />
            </Field>
          )}
        </div>
        {hasBody && <Textarea aria-label={t("docs.body")} className="font-mono text-xs" rows={5} value={attempt.body} onChange={(e) => setAttempt({ ...attempt, body: e.target.value })} />}
        {writes && <p className="text-xs text-warn">{t("docs.reallyWrites")}</p>}
      </form>
      {error !== null && <ErrorBox error={error} className="mt-3" />}
      {answer && (
        <div className="mt-3">
          <div className="flex flex-wrap items-center gap-2">
            <Badge tone={answer.status < 300 ? "ok" : "danger"}>{t("docs.response", { status: answer.status })}</Badge>
            <span className="text-xs text-muted tabular-nums">{t("sql.took", { ms: Math.round(answer.ms) })}</span>
            {answer.range && <span className="font-mono text-xs text-muted">{`Content-Range: ${answer.range}`}</span>}
          </div>
          <pre className="scroll-thin mt-2 max-h-72 overflow-auto rounded-md border bg-bg p-3 font-mono text-xs">{answer.body}</pre>
        </div>
      )}
    </Card>
  );
}
