import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery, usePgList } from "@/api/pg";
import { Button, Checkbox, Field, Input, Select } from "@/components/ui/base";
import { CopyButton, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { functionOf, grantsFor, newSecret, uriOf, uriProblem, type Hook, type HookName } from "@/lib/auth-hooks";
import { hookFunctionsSql } from "@/lib/sql/introspect";

interface HookFunction {
  schema: string;
  name: string;
  callable: boolean;
}

/** One hook: a function of the database, with the grants it needs, or an endpoint with its secret. */
export function HookSheet({ name, hook, onKeep, onClose }: { name: HookName; hook: Hook; onKeep: (hook: Hook) => Promise<void>; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const { toast } = useFeedback();
  const [mode, setMode] = useState<"function" | "http">(hook.uri.startsWith("http") ? "http" : "function");
  const [enabled, setEnabled] = useState(hook.uri === "" || hook.enabled);
  const [uri, setUri] = useState(hook.uri);
  const [secret, setSecret] = useState(hook.secret);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const functions = usePgList<HookFunction>(ref, ["hook-functions"], hookFunctionsSql());
  const chosen = functionOf(uri);
  const known = functions.data?.find((f) => f.schema === chosen?.schema && f.name === chosen.name);
  const problem = uri === "" ? (enabled ? (mode === "http" ? "hooks.badAddress" : "hooks.badFunction") : null) : uriProblem(uri);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      if (enabled && chosen && known && !known.callable) await pgQuery(ref, grantsFor(chosen.schema, chosen.name));
      await onKeep({ enabled, uri: uri.trim(), secret });
      toast(t("common.saved"));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={t(`hooks.names.${name}`)}
      description={t(`hooks.helps.${name}`)}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={problem !== null} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Checkbox label={t("hooks.enabled")} checked={enabled} onChange={setEnabled} />
        <Tabs
          value={mode}
          onChange={(m) => {
            setMode(m);
            setUri("");
          }}
          tabs={[
            { value: "function", label: t("hooks.byFunction") },
            { value: "http", label: t("hooks.byHttp") },
          ]}
        />
        {mode === "function" ? (
          <>
            <Field label={t("hooks.function")} help={t("hooks.functionHelp")}>
              <Select
                value={chosen ? `${chosen.schema}.${chosen.name}` : ""}
                onChange={(e) => {
                  const f = functions.data?.find((x) => `${x.schema}.${x.name}` === e.target.value);
                  setUri(f ? uriOf(f.schema, f.name) : "");
                }}
              >
                <option value="">{t("common.choose")}</option>
                {chosen && !known && (
                  <option value={`${chosen.schema}.${chosen.name}`}>
                    {chosen.schema}.{chosen.name}
                  </option>
                )}
                {(functions.data ?? []).map((f) => (
                  <option key={`${f.schema}.${f.name}`} value={`${f.schema}.${f.name}`}>
                    {f.schema}.{f.name}
                  </option>
                ))}
              </Select>
            </Field>
            {functions.data?.length === 0 && <p className="text-xs text-muted">{t("hooks.noFunction")}</p>}
            {chosen && known && !known.callable && (
              <div className="space-y-1.5 rounded-md border bg-raised p-3">
                <p className="text-xs text-muted">{t("hooks.grants")}</p>
                <pre className="scroll-thin overflow-x-auto font-mono text-xs">{grantsFor(chosen.schema, chosen.name)}</pre>
              </div>
            )}
          </>
        ) : (
          <>
            <Field label={t("hooks.address")} help={t("hooks.addressHelp")}>
              <Input value={uri} onChange={(e) => setUri(e.target.value)} />
            </Field>
            <Field label={t("hooks.secret")} help={t("hooks.secretHelp")}>
              <Input type={secret === "***" ? "password" : "text"} className="font-mono" value={secret} onChange={(e) => setSecret(e.target.value)} />
            </Field>
            <div className="flex items-center gap-2">
              <Button size="sm" onClick={() => setSecret(newSecret())}>
                {t("hooks.newSecret")}
              </Button>
              {secret !== "" && secret !== "***" && <CopyButton text={secret} />}
            </div>
          </>
        )}
        {problem && uri !== "" && <p className="text-xs text-danger">{t(problem)}</p>}
        <ErrorBox error={error} />
      </div>
    </Sheet>
  );
}
