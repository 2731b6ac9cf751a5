import { RealtimeClient, type RealtimeChannel } from "@supabase/realtime-js";
import { useQueryClient } from "@tanstack/react-query";
import { Radio, Send, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "@/api/apps";
import { usePgList } from "@/api/pg";
import { restFor } from "@/api/rest";
import { userToken } from "@/api/users";
import { UserIdInput } from "@/components/user-id-input";
import { Badge, Button, Checkbox, Field, Input, Select, Textarea } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";
import { tablesSql, type TableInfo } from "@/lib/sql/introspect";

interface Seen {
  id: number;
  at: string;
  kind: (typeof KINDS)[number];
  event: string;
  payload: unknown;
}
const KINDS = ["changes", "broadcast", "presence"] as const;
const ROLES = ["anon", "user", "service", "token"] as const;
type Status = "idle" | "joining" | "joined" | "error" | "closed";
const EVENTS = ["*", "INSERT", "UPDATE", "DELETE"] as const;
const KEEP = 500;

/** What a client of a channel sees, as one sees it. */
export function RealtimePage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const app = useApp(ref);
  const client = useQueryClient();
  const [channelName, setChannelName] = useState("room-1");
  const [role, setRole] = useState<(typeof ROLES)[number]>("anon");
  const [user, setUser] = useState("");
  const [present, setPresent] = useState<Record<string, unknown[]>>({});
  const [only, setOnly] = useState<Seen["kind"] | "all">("all");
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const [token, setToken] = useState("");
  const [isPrivate, setPrivate] = useState(false);
  const [on, setOn] = useState({ changes: true, broadcast: true, presence: true });
  const [schema, setSchema] = useState("public");
  const [table, setTable] = useState("*");
  const [event, setEvent] = useState<(typeof EVENTS)[number]>("*");
  const [filter, setFilter] = useState("");
  const [status, setStatus] = useState<Status>("idle");
  const [error, setError] = useState<unknown>(null);
  const [seen, setSeen] = useState<Seen[]>([]);
  const [name, setName] = useState("message");
  const [payload, setPayload] = useState('{ "text": "hello" }');
  const live = useRef<{ client: RealtimeClient; channel: RealtimeChannel } | null>(null);
  const next = useRef(1);

  const leave = () => {
    const now = live.current;
    live.current = null;
    if (now) void now.client.removeAllChannels().finally(() => now.client.disconnect());
    setStatus("idle");
    setPresent({});
  };
  useEffect(() => leave, []);

  const join = async () => {
    leave();
    setError(null);
    setStatus("joining");
    try {
      const anon = app.data?.anon_key ?? "";
      const key = role === "service" ? (await restFor(client, ref)).key : anon;
      const base = `${window.location.protocol === "https:" ? "wss" : "ws"}://${window.location.host}/apps/${encodeURIComponent(ref)}/realtime/v1`;
      const socket = new RealtimeClient(base, { params: { apikey: key } });
      await socket.setAuth(role === "token" ? token.trim() : role === "user" ? await userToken(ref, user.trim()) : key);
      const channel = socket.channel(channelName.trim() || "room-1", { config: { private: isPrivate, broadcast: { self: true, ack: false }, presence: { key: `console-${Math.floor(Math.random() * 1e6)}` } } });
      const add = (kind: Seen["kind"], ev: string, body: unknown) => {
        const entry: Seen = { id: next.current++, at: new Date().toISOString(), kind, event: ev, payload: body };
        setSeen((s) => [entry, ...s].slice(0, KEEP));
      };
      if (on.changes)
        channel.on(
          "postgres_changes",
          { event, schema: schema.trim() || "public", ...(table.trim() !== "" && table.trim() !== "*" ? { table: table.trim() } : {}), ...(filter.trim() ? { filter: filter.trim() } : {}) } as { event: "*"; schema: string },
          (p) => add("changes", p.eventType, p),
        );
      if (on.broadcast) channel.on("broadcast", { event: "*" }, (p) => add("broadcast", p.event, p.payload));
      if (on.presence) {
        channel.on("presence", { event: "sync" }, () => setPresent({ ...channel.presenceState() }));
        channel.on("presence", { event: "join" }, (p) => add("presence", "join", { key: p.key, state: p.newPresences }));
        channel.on("presence", { event: "leave" }, (p) => add("presence", "leave", { key: p.key, state: p.leftPresences }));
      }
      channel.subscribe((s, e) => {
        if (live.current?.channel !== channel) return;
        if (s === "SUBSCRIBED") {
          setStatus("joined");
          setError(null);
          if (on.presence) void channel.track({ from: "console", at: new Date().toISOString() });
        } else if (s === "CLOSED") setStatus("closed");
        else {
          setStatus("error");
          setError(e ?? new Error(s));
        }
      });
      live.current = { client: socket, channel };
    } catch (e) {
      setStatus("error");
      setError(e);
    }
  };
  const send = async () => {
    setError(null);
    try {
      await live.current?.channel.send({ type: "broadcast", event: name.trim() || "message", payload: JSON.parse(payload) as Record<string, unknown> });
    } catch (e) {
      setError(e);
    }
  };
  const joined = status === "joined";
  const target = (tables.data ?? []).find((x) => x.schema === schema && x.name === table.trim());
  const silent = target !== undefined && !target.realtime;
  const shown = seen.filter((x) => only === "all" || x.kind === only);
  const tone = joined ? "ok" : status === "error" ? "danger" : status === "idle" ? "neutral" : "warn";
  return (
    <Page wide>
      <PageHead title={t("inspector.title")} description={t("inspector.description")}>
        <Badge tone={tone}>{t(`inspector.status.${status}`)}</Badge>
        {joined || status === "joining" ? (
          <Button onClick={leave}>{t("inspector.leave")}</Button>
        ) : (
          <Button variant="primary" icon={<Radio size={14} />} onClick={() => void join()}>
            {t("inspector.join")}
          </Button>
        )}
      </PageHead>
      <div className="grid items-start gap-4 lg:grid-cols-[320px_minmax(0,1fr)]">
        <div className="space-y-4">
          <Card>
            <fieldset disabled={joined} className="space-y-3">
              <Field label={t("inspector.channel")}>
                <Input value={channelName} onChange={(e) => setChannelName(e.target.value)} className="font-mono" />
              </Field>
              <Field label={t("inspector.role")} help={role === "token" ? t("inspector.tokenHelp") : undefined}>
                <Select value={role} onChange={(e) => setRole(e.target.value as typeof role)}>
                  {ROLES.map((r) => (
                    <option key={r} value={r}>
                      {t(`inspector.${r}`)}
                    </option>
                  ))}
                </Select>
              </Field>
              {role === "user" && <UserIdInput value={user} onChange={setUser} />}
              {role === "token" && <Textarea aria-label={t("inspector.token")} className="font-mono text-xs" value={token} onChange={(e) => setToken(e.target.value)} />}
              <Checkbox label={t("inspector.private")} disabled={joined} checked={isPrivate} onChange={setPrivate} />
              <div className="grid gap-2 border-t pt-3">
                {KINDS.map((k) => (
                  <Checkbox key={k} label={t(`inspector.${k}`)} disabled={joined} checked={on[k]} onChange={(v) => setOn({ ...on, [k]: v })} />
                ))}
              </div>
              {on.changes && (
                <div className="grid grid-cols-2 gap-2">
                  <Field label={t("inspector.schema")}>
                    <Input value={schema} onChange={(e) => setSchema(e.target.value)} className="font-mono" />
                  </Field>
                  <Field label={t("inspector.event")}>
                    <Select value={event} onChange={(e) => setEvent(e.target.value as typeof event)}>
                      {EVENTS.map((x) => (
                        <option key={x}>{x}</option>
                      ))}
                    </Select>
                  </Field>
                  <Field label={t("inspector.table")} className="col-span-2">
                    <Input list="realtime-tables" value={table} onChange={(e) => setTable(e.target.value)} className="font-mono" />
                  </Field>
                  <datalist id="realtime-tables">
                    {(tables.data ?? [])
                      .filter((x) => x.schema === schema && x.realtime)
                      .map((x) => (
                        <option key={x.oid} value={x.name} />
                      ))}
                  </datalist>
                  {silent && <p className="col-span-2 text-xs text-warn">{t("inspector.notPublished", { table })}</p>}
                  <Input aria-label={t("inspector.filter")} placeholder={t("inspector.filter")} value={filter} onChange={(e) => setFilter(e.target.value)} className="col-span-2 font-mono" />
                </div>
              )}
            </fieldset>
          </Card>
          <Card title={t("inspector.broadcast")}>
            <div className="space-y-3">
              <Field label={t("inspector.eventName")}>
                <Input value={name} onChange={(e) => setName(e.target.value)} className="font-mono" />
              </Field>
              <Field label={t("inspector.payload")}>
                <Textarea value={payload} onChange={(e) => setPayload(e.target.value)} className="font-mono text-xs" />
              </Field>
              <Button className="w-full" icon={<Send size={14} />} disabled={!joined} onClick={() => void send()}>
                {t("inspector.send")}
              </Button>
            </div>
          </Card>
        </div>
        <div className="min-w-0 space-y-3">
          <ErrorBox error={error} />
          {on.presence && joined && (
            <Card flush title={t("inspector.presentNow", { count: Object.keys(present).length })}>
              <ul className="divide-y">
                {Object.entries(present).map(([key, states]) => (
                  <li key={key} className="flex gap-3 px-4 py-1.5 text-xs">
                    <b className="shrink-0 font-mono">{key}</b>
                    <span className="min-w-0 flex-1 truncate font-mono text-muted">{JSON.stringify(states)}</span>
                  </li>
                ))}
              </ul>
            </Card>
          )}
          <Card
            flush
            title={t("inspector.count", { count: seen.length })}
            action={
              <span className="flex items-center gap-2">
                <Select aria-label={t("inspector.show")} className="h-7 w-auto text-xs" value={only} onChange={(e) => setOnly(e.target.value as typeof only)}>
                  <option value="all">{t("inspector.showAll")}</option>
                  {KINDS.map((k) => (
                    <option key={k} value={k}>
                      {t(`inspector.${k}`)}
                    </option>
                  ))}
                </Select>
                <Button size="sm" variant="ghost" icon={<Trash2 size={13} />} disabled={seen.length === 0} onClick={() => setSeen([])}>
                  {t("inspector.clear")}
                </Button>
              </span>
            }
          >
            {seen.length === 0 ? (
              <Empty icon={<Radio size={30} />} title={t("inspector.empty")}>
                {t("inspector.emptyHelp")}
              </Empty>
            ) : (
              <ul className="scroll-thin max-h-[70vh] divide-y overflow-auto">
                {shown.map((s) => (
                  <li key={s.id} className="px-4 py-2">
                    <div className="flex items-center gap-2 text-xs">
                      <span className="text-faint tabular-nums">{time(s.at)}</span>
                      <Badge tone={s.kind === "changes" ? "info" : s.kind === "broadcast" ? "accent" : "ok"}>{t(`inspector.${s.kind}`)}</Badge>
                      <b className="font-mono">{s.event}</b>
                    </div>
                    <pre className="scroll-thin mt-1 max-h-56 overflow-auto font-mono text-xs break-all whitespace-pre-wrap">{JSON.stringify(s.payload, null, 2)}</pre>
                  </li>
                ))}
              </ul>
            )}
          </Card>
        </div>
      </div>
    </Page>
  );
}
