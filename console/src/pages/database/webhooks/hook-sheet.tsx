import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Button, Checkbox, Field, IconButton, Input, Select } from "@/components/ui/base";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { tablesSql, type TableInfo } from "@/lib/sql/introspect";
import { HOOK_EVENTS, saveHook, type Webhook } from "@/lib/sql/webhooks";
import { useAct } from "@/lib/use-act";

const FRESH: Webhook = { name: "", schema: "", table: "", events: ["insert"], url: "", method: "POST", headers: { "Content-Type": "application/json" }, params: {}, timeout: 5000 };
const MOST_MS = 30_000;

/** Makes a webhook, or changes `before`. */
export function HookSheet({ before, onClose }: { before?: Webhook; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const [d, setD] = useState<Webhook>(before ?? FRESH);
  const [headers, setHeaders] = useState(Object.entries(d.headers));
  const [params, setParams] = useState(Object.entries(d.params));
  const [busy, setBusy] = useState(false);
  const set = (change: Partial<Webhook>) => setD({ ...d, ...change });
  const badUrl = d.url.trim() !== "" && !isHttp(d.url.trim());
  const badTime = !(d.timeout >= 100 && d.timeout <= MOST_MS);
  const ready = d.name.trim() !== "" && d.table !== "" && d.events.length > 0 && isHttp(d.url.trim()) && !badTime;
  const save = () => {
    setBusy(true);
    const hook = { ...d, name: d.name.trim(), url: d.url.trim(), headers: pairs(headers), params: pairs(params) };
    void act(saveHook(hook, before), t("webhooks.saved"))
      .then((ok) => ok && onClose())
      .finally(() => setBusy(false));
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={before ? t("webhooks.edit", { name: before.name }) : t("webhooks.create")}
      description={t("webhooks.promise")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={!ready} onClick={save}>
            {before ? t("common.save") : t("common.create")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("common.name")}>
          <Input autoFocus className="font-mono" value={d.name} onChange={(e) => set({ name: e.target.value })} />
        </Field>
        <Field label={t("triggers.table")}>
          <Select
            value={d.table === "" ? "" : JSON.stringify([d.schema, d.table])}
            onChange={(e) => {
              const [schema, table] = JSON.parse(e.target.value || '["",""]') as [string, string];
              set({ schema, table });
            }}
          >
            <option value="">{t("common.choose")}</option>
            {(tables.data ?? [])
              .filter((x) => x.owned && (x.kind === "r" || x.kind === "p"))
              .map((x) => (
                <option key={x.oid} value={JSON.stringify([x.schema, x.name])}>
                  {`${x.schema}.${x.name}`}
                </option>
              ))}
          </Select>
        </Field>
        <fieldset>
          <legend className="mb-1 text-sm font-medium">{t("webhooks.events")}</legend>
          <div className="flex flex-wrap gap-4">
            {HOOK_EVENTS.map((x) => (
              <Checkbox key={x} label={t(`replication.${x}`)} checked={d.events.includes(x)} onChange={(on) => set({ events: on ? [...d.events, x] : d.events.filter((e) => e !== x) })} />
            ))}
          </div>
        </fieldset>
        <div className="grid grid-cols-[90px_minmax(0,1fr)] gap-3">
          <Field label={t("webhooks.method")}>
            <Select value={d.method} onChange={(e) => set({ method: e.target.value === "GET" ? "GET" : "POST" })}>
              <option>POST</option>
              <option>GET</option>
            </Select>
          </Field>
          <Field label="URL" error={badUrl ? t("webhooks.badUrl") : undefined} help={t("webhooks.urlHelp")}>
            <Input className="font-mono" aria-invalid={badUrl} placeholder="https://" value={d.url} onChange={(e) => set({ url: e.target.value })} />
          </Field>
        </div>
        <Pairs label={t("webhooks.headers")} add={t("webhooks.addHeader")} value={headers} onChange={setHeaders} />
        <Pairs label={t("webhooks.params")} add={t("webhooks.addParam")} value={params} onChange={setParams} />
        <Field label={t("webhooks.timeout")} help={t("webhooks.timeoutHelp")} error={badTime ? t("webhooks.badTimeout") : undefined}>
          <Input type="number" min={100} max={MOST_MS} step={100} value={d.timeout} onChange={(e) => set({ timeout: Math.round(Number(e.target.value)) })} />
        </Field>
      </div>
    </Sheet>
  );
}

function isHttp(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

const pairs = (list: [string, string][]) => Object.fromEntries(list.map(([k, v]) => [k.trim(), v] as const).filter(([k]) => k !== ""));

function Pairs({ label, add, value, onChange }: { label: string; add: string; value: [string, string][]; onChange: (value: [string, string][]) => void }) {
  const { t } = useTranslation();
  const put = (i: number, pair: [string, string]) => onChange(value.map((p, n) => (n === i ? pair : p)));
  return (
    <fieldset className="space-y-2">
      <legend className="mb-1 text-sm font-medium">{label}</legend>
      {value.map(([name, text], i) => (
        <div key={i} className="flex gap-2">
          <Input aria-label={`${label}: ${t("common.name")}`} placeholder={t("common.name")} className="w-2/5 font-mono" value={name} onChange={(e) => put(i, [e.target.value, text])} />
          <Input aria-label={`${label}: ${t("webhooks.value")}`} placeholder={t("webhooks.value")} className="w-3/5 font-mono" value={text} onChange={(e) => put(i, [name, e.target.value])} />
          <IconButton label={t("common.delete")} onClick={() => onChange(value.filter((_, n) => n !== i))}>
            <X size={14} />
          </IconButton>
        </div>
      ))}
      <Button size="sm" variant="ghost" icon={<Plus size={13} />} onClick={() => onChange([...value, ["", ""]])}>
        {add}
      </Button>
    </fieldset>
  );
}
