import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery, usePgList } from "@/api/pg";
import { Button, Field, Input, Select, Textarea } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { nameProblem } from "@/lib/sql/identifier";
import { COMMANDS, createPolicy, hasCheck, hasUsing, replacePolicy, type Command, type PolicyDraft } from "@/lib/sql/policy";

/** One policy as a form with the SQL it makes beside it. */
export function PolicySheet({ draft, before, onClose }: { draft: PolicyDraft | null; before?: PolicyDraft | null; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const [p, setP] = useState<PolicyDraft | null>(draft);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const roles = usePgList<{ name: string }>(ref, ["policy-roles"], "select rolname as name from pg_roles where rolname in ('anon', 'authenticated', 'service_role') order by 1", { enabled: draft !== null });
  useEffect(() => {
    setP(draft);
    setError(null);
  }, [draft]);
  if (!p) return null;
  const set = (change: Partial<PolicyDraft>) => setP({ ...p, ...change });
  const problem = nameProblem(p.name);
  const ready = problem === null;
  const sql = ready ? (before ? replacePolicy(before, p) : createPolicy(p)) : "";
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await pgQuery(ref, sql);
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t("policies.saved", { name: p.name }));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Sheet
      open={draft !== null}
      onClose={onClose}
      title={before ? t("policies.edit") : t("policies.create")}
      description={`${p.schema}.${p.table}`}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={!ready} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("policies.name")} error={problem === "editor.nameLong" ? t(problem) : undefined}>
          <Input autoFocus value={p.name} onChange={(e) => set({ name: e.target.value })} />
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={t("policies.command")}>
            <Select value={p.command} onChange={(e) => set({ command: e.target.value as Command })}>
              {COMMANDS.map((c) => (
                <option key={c} value={c}>
                  {t(`policies.commands.${c}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("policies.kind")}>
            <Select value={p.permissive ? "p" : "r"} onChange={(e) => set({ permissive: e.target.value === "p" })}>
              <option value="p">{t("policies.permissive")}</option>
              <option value="r">{t("policies.restrictive")}</option>
            </Select>
          </Field>
        </div>
        <Field label={t("policies.role")} help={t("policies.roleHelp")}>
          <Select value={p.roles.join(",")} onChange={(e) => set({ roles: e.target.value.split(",") })}>
            <option value="public">{t("policies.everyone")}</option>
            {(roles.data ?? [{ name: "anon" }, { name: "authenticated" }]).map((r) => (
              <option key={r.name} value={r.name}>
                {r.name}
              </option>
            ))}
            <option value="anon,authenticated">{"anon, authenticated"}</option>
            {!["public", "anon", "authenticated", "service_role", "anon,authenticated"].includes(p.roles.join(",")) && <option value={p.roles.join(",")}>{p.roles.join(", ")}</option>}
          </Select>
        </Field>
        {hasUsing(p.command) && (
          <Field label={t("policies.using")} help={t("policies.usingHelp")}>
            <Textarea className="font-mono text-xs" value={p.using} placeholder="true" onChange={(e) => set({ using: e.target.value })} />
          </Field>
        )}
        {hasCheck(p.command) && (
          <Field label={t("policies.check")} help={t("policies.checkHelp")}>
            <Textarea className="font-mono text-xs" value={p.check} placeholder={p.command === "INSERT" ? "true" : t("policies.checkSame")} onChange={(e) => set({ check: e.target.value })} />
          </Field>
        )}
        <div>
          <div className="mb-1 text-sm font-medium">{t("policies.sql")}</div>
          <pre className="scroll-thin overflow-x-auto rounded-md border bg-bg p-3 font-mono text-xs">{sql}</pre>
        </div>
        <ErrorBox error={error} />
      </div>
    </Sheet>
  );
}
