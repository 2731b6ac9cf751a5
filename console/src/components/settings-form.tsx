import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { getSettings, putSettings, type Settings } from "@/api/apps";
import { Button, Input, Select, Spinner, Switch, Textarea } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Card } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";

export type SettingKind = "bool" | "number" | "text" | "secret" | "list" | "megabytes" | "optionalNumber" | "optionalText" | "pairs" | "select";
export interface SettingSpec {
  /** Where it stands: `auth`, or deeper, `auth.smtp`. */
  section: string;
  key: string;
  kind: SettingKind;
  label: string;
  help?: string;
  unit?: string;
  /** What can be chosen, for kind `select`. */
  options?: { value: string; label: string }[];
}

type Fields = Record<string, unknown>;
const isFields = (x: unknown): x is Fields => typeof x === "object" && x !== null && !Array.isArray(x);

/** The fields below a dotted path. */
function sectionAt(settings: Settings | undefined, path: string): Fields | undefined {
  let at: unknown = settings;
  for (const name of path.split(".")) at = isFields(at) ? at[name] : undefined;
  return isFields(at) ? at : undefined;
}

const MB = 1024 * 1024;

function toInput(kind: SettingKind, value: unknown): string | boolean {
  if (kind === "bool") return value === true;
  if (kind === "list") return Array.isArray(value) ? value.join("\n") : "";
  if (kind === "pairs") return isFields(value) ? Object.entries(value).map(([k, v]) => `${k}=${String(v)}`).join("\n") : "";
  if (kind === "megabytes") return typeof value === "number" ? String(value / MB) : "";
  if (kind === "secret") return "";
  return value === null || value === undefined ? "" : String(value);
}

function fromInput(kind: SettingKind, input: string | boolean): unknown {
  if (typeof input === "boolean") return input;
  switch (kind) {
    case "list":
      return input.split("\n").map((x) => x.trim()).filter((x) => x !== "");
    case "pairs":
      return Object.fromEntries(input.split("\n").filter((x) => x.includes("=")).map((x) => [x.slice(0, x.indexOf("=")).trim(), x.slice(x.indexOf("=") + 1).trim()]));
    case "megabytes":
      return Math.round(Number(input) * MB);
    case "number":
      return Number(input);
    case "optionalNumber":
      return input.trim() === "" ? null : Number(input);
    case "optionalText":
      return input.trim() === "" ? null : input.trim();
    default:
      return input.trim();
  }
}

const numeric = (kind: SettingKind) => kind === "number" || kind === "megabytes" || kind === "optionalNumber";

/** A card of an application's settings: read, changed and put back as a whole. */
export function SettingsCard({ title, specs, children, note }: { title: string; specs: SettingSpec[]; children?: ReactNode; note?: ReactNode }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const settings = useQuery({ queryKey: ["settings", ref], queryFn: () => getSettings(ref) });
  const [inputs, setInputs] = useState<Record<string, string | boolean>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const id = (s: SettingSpec) => `${s.section}.${s.key}`;
  useEffect(() => setInputs({}), [ref]);
  const data = settings.data;
  const stored = (s: SettingSpec) => sectionAt(data, s.section)?.[s.key];
  const value = (s: SettingSpec) => inputs[id(s)] ?? toInput(s.kind, stored(s));
  const known = specs.filter((s) => s.key in (sectionAt(data, s.section) ?? {}));
  const changed = known.filter((s) => inputs[id(s)] !== undefined && inputs[id(s)] !== toInput(s.kind, stored(s)));
  const bad = (s: SettingSpec) => numeric(s.kind) && (!Number.isFinite(Number(value(s))) || Number(value(s)) < 0 || (value(s) === "" && s.kind !== "optionalNumber"));
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      // Read anew, so that another page's change is not written back over.
      const now = await getSettings(ref);
      const next: Settings = structuredClone(now);
      for (const s of changed) {
        const fields = sectionAt(next, s.section);
        if (fields) fields[s.key] = fromInput(s.kind, inputs[id(s)] ?? "");
      }
      await putSettings(ref, next);
      await client.invalidateQueries({ queryKey: ["settings", ref] });
      setInputs({});
      toast(t("common.saved"));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title={title} flush>
      {children}
      {settings.isPending ? (
        <Spinner />
      ) : settings.isError ? (
        <ErrorBox error={settings.error} className="m-4" onRetry={() => void settings.refetch()} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            if (changed.length > 0 && !known.some(bad)) void save();
          }}
        >
          <div className="divide-y">
            {known.map((s) => {
              const v = value(s);
              const set = (x: string | boolean) => setInputs((all) => ({ ...all, [id(s)]: x }));
              return (
                <div key={id(s)} className="grid items-center gap-x-6 gap-y-1.5 px-4 py-3 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
                  <div>
                    <div className="text-sm font-medium">{s.label}</div>
                    {s.help && <p className="text-xs text-muted">{s.help}</p>}
                  </div>
                  {typeof v === "boolean" ? (
                    <span className="md:justify-self-end">
                      <Switch label={s.label} checked={v} onChange={set} />
                    </span>
                  ) : s.kind === "select" ? (
                    <Select aria-label={s.label} className="w-full md:w-80 md:justify-self-end" value={v} onChange={(e) => set(e.target.value)}>
                      {(s.options ?? []).map((o) => (
                        <option key={o.value} value={o.value}>
                          {o.label}
                        </option>
                      ))}
                    </Select>
                  ) : s.kind === "list" || s.kind === "pairs" ? (
                    <Textarea aria-label={s.label} className="min-h-16 font-mono text-xs" value={v} placeholder={t("settings.onePerLine")} onChange={(e) => set(e.target.value)} />
                  ) : (
                    <span className="flex items-center gap-2 md:justify-self-end">
                      <Input
                        aria-label={s.label}
                        aria-invalid={bad(s)}
                        type={s.kind === "secret" ? "password" : "text"}
                        autoComplete={s.kind === "secret" ? "new-password" : "off"}
                        inputMode={numeric(s.kind) ? "numeric" : undefined}
                        className={numeric(s.kind) ? "w-28 text-right tabular-nums" : "w-full md:w-80"}
                        value={v}
                        placeholder={s.kind === "secret" ? (stored(s) ? t("settings.secretKept") : "") : s.kind.startsWith("optional") ? t("settings.none") : ""}
                        onChange={(e) => set(e.target.value)}
                      />
                      {s.unit && <span className="w-8 text-xs text-muted">{s.unit}</span>}
                    </span>
                  )}
                </div>
              );
            })}
          </div>
          {known.length === 0 && <p className="p-4 text-sm text-muted">{t("settings.nothing")}</p>}
          <ErrorBox error={error} className="m-4" />
          {known.length > 0 && (
            <div className="flex items-center justify-end gap-2 border-t px-4 py-2.5">
              {note && <p className="mr-auto text-xs text-muted">{note}</p>}
              {changed.length > 0 && <Button onClick={() => setInputs({})}>{t("common.cancel")}</Button>}
              <Button type="submit" variant="primary" busy={busy} disabled={changed.length === 0 || known.some(bad)}>
                {t("common.save")}
              </Button>
            </div>
          )}
        </form>
      )}
    </Card>
  );
}
