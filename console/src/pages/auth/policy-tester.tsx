import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { pgRun, usePgList, type RunAnswer } from "@/api/pg";
import { claimsText, userToken } from "@/api/users";
import { UserIdInput } from "@/components/user-id-input";
import { Badge, Button, Checkbox, Field, Input, Select, Textarea } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { count, newId } from "@/lib/format";
import { columnsSql, type ColumnInfo, type PolicyInfo } from "@/lib/sql/introspect";
import { ACTS, attempt, claimsOf, conditionsOf, countNew, countOld, type Act, type Condition, type Role, type Trial } from "@/lib/sql/policy-test";
import { sample } from "@/pages/api-docs/examples";

interface Verdict {
  act: Act;
  /** Rows that the act was about, and that it reached. */
  total: number;
  reached: number;
  refused: ApiError | null;
  passed: (Condition & { rows: number; of: number })[];
}

/** The row of counts in an answer, wherever the statements around it left it. */
const counts = (a: RunAnswer): number[] => (a.results.findLast((r) => r.rows.length > 0)?.rows[0] ?? []).map(Number);
const TIMEOUT = 30_000;

/** What somebody may do with a table's rows, and which policy let them or refused. Nothing is kept. */
export function PolicyTester({ table, policies, start, onClose }: { table: { schema: string; name: string; rls: boolean }; policies: PolicyInfo[]; start?: { where: string; values: Record<string, unknown> }; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [act, setAct] = useState<Act>("SELECT");
  const [role, setRole] = useState<Role>("anon");
  const [user, setUser] = useState("");
  const [where, setWhere] = useState(start?.where ?? "");
  const [typed, setTyped] = useState<string | null>(null);
  const [readBack, setReadBack] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const columns = usePgList<ColumnInfo>(ref, ["columns", table.schema, table.name], columnsSql(table.schema, table.name));
  const fillable = (columns.data ?? []).filter((c) => (act === "INSERT" ? !c.nullable && c.default === null && c.identity === "" : !c.pk) && !c.generated);
  const suggestion = JSON.stringify(start && act === "INSERT" ? start.values : Object.fromEntries((act === "UPDATE" ? fillable.slice(0, 1) : fillable).map((c) => [c.name, sample(c)])), null, 2);
  const values = typed ?? suggestion;

  const run = async () => {
    setBusy(true);
    setError(null);
    setVerdict(null);
    const userId = role === "authenticated" ? user.trim() : "";
    try {
      const writes = act === "INSERT" || act === "UPDATE";
      const trial: Trial = { act, schema: table.schema, table: table.name, where, values: writes ? (JSON.parse(values) as Record<string, unknown>) : {} };
      const conditions = conditionsOf(policies, act, role);
      const old = conditions.filter((c) => c.on === "old");
      const fresh = conditions.filter((c) => c.on === "new");
      const asOwner = (sql: string) => pgRun(ref, { sql, role: "postgres", run_id: newId(), timeout_ms: TIMEOUT }).then(counts);
      const claims = userId ? claimsText(await userToken(ref, userId)) : claimsOf(role);
      const [total = 0, ...oldRows] = act === "INSERT" ? [] : await asOwner(countOld(trial, old, claims));
      const [written = 0, ...newRows] = writes ? await asOwner(countNew(trial, fresh, claims)) : [];
      let reached = 0;
      let refused: ApiError | null = null;
      try {
        const done = await pgRun(ref, { sql: attempt(trial, readBack), role, ...(userId ? { user_id: userId } : {}), run_id: newId(), timeout_ms: TIMEOUT });
        reached = counts(done)[0] ?? done.results.find((r) => r.command === act)?.row_count ?? 0;
      } catch (e) {
        if (!(e instanceof ApiError) || e.status === 0) throw e;
        refused = e;
      }
      setVerdict({
        act,
        total: act === "INSERT" ? written : total,
        reached,
        refused,
        passed: [...old.map((c, i) => ({ ...c, rows: oldRows[i] ?? 0, of: total })), ...fresh.map((c, i) => ({ ...c, rows: newRows[i] ?? 0, of: written }))],
      });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open wide onClose={onClose} title={t("policies.test", { table: table.name })} description={t("policies.testHelp")}>
      <div className="space-y-4">
        <Tabs
          value={act}
          onChange={(a) => {
            setAct(a);
            setTyped(null);
            setVerdict(null);
            setError(null);
          }}
          tabs={ACTS.map((a) => ({ value: a, label: t(`policies.commands.${a}`) }))}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("policies.testAs")}>
            <Select value={role} onChange={(e) => setRole(e.target.value as Role)}>
              <option value="anon">{t("sql.roles.anon")}</option>
              <option value="authenticated">{t("sql.roles.authenticated")}</option>
            </Select>
          </Field>
          {role === "authenticated" && (
            <Field label={t("sql.userId")}>
              <UserIdInput value={user} onChange={setUser} />
            </Field>
          )}
        </div>
        {(act === "INSERT" || act === "UPDATE") && (
          <Field label={t(act === "INSERT" ? "policies.testRow" : "policies.testChange")}>
            <Textarea className="font-mono text-xs" rows={5} value={values} onChange={(e) => setTyped(e.target.value)} />
          </Field>
        )}
        {act !== "INSERT" && (
          <Field label={t("policies.testWhere")} help={t("policies.testWhereHelp")}>
            <Input className="font-mono text-xs" value={where} placeholder="true" onChange={(e) => setWhere(e.target.value)} />
          </Field>
        )}
        {act === "INSERT" && <Checkbox label={t("policies.testReadBack")} checked={readBack} onChange={setReadBack} />}
        <Button variant="primary" busy={busy} onClick={() => void run()}>
          {t("policies.testRun")}
        </Button>
        <ErrorBox error={error} />
        {verdict && <VerdictBox verdict={verdict} rls={table.rls} />}
      </div>
    </Dialog>
  );
}

function VerdictBox({ verdict: v, rls }: { verdict: Verdict; rls: boolean }) {
  const { t } = useTranslation();
  const good = v.refused === null && v.reached > 0;
  const blame = v.refused !== null && v.refused.code !== "42501";
  return (
    <div className="space-y-3 rounded-md border p-3" data-testid="verdict">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={good ? "ok" : "danger"}>
          {v.refused ? t(blame ? "policies.testFailed" : "policies.testRefused") : t(v.act === "SELECT" ? "policies.testVisible" : "policies.testReached", { shown: count(v.reached), all: count(v.total) })}
        </Badge>
        {!rls && <Badge tone="warn">{t("editor.rlsIsOff")}</Badge>}
      </div>
      {v.refused && <ErrorBox error={v.refused} />}
      {rls && !v.passed.some((c) => c.policy.permissive) && <p className="text-sm text-muted">{t("policies.testNone")}</p>}
      <ul className="space-y-2">
        {v.passed.map((c) => {
          const all = c.rows === c.of && c.of > 0;
          return (
            <li key={`${c.policy.name} ${c.on}`} className="text-sm">
              <div className="flex flex-wrap items-center gap-1.5">
                <span className="font-medium break-all">{c.policy.name}</span>
                <Badge>{c.policy.command}</Badge>
                {!c.policy.permissive && <Badge tone="warn">{t("policies.restrictive")}</Badge>}
                <Badge tone={c.rows > 0 && (c.policy.permissive || all) ? "ok" : "danger"}>
                  {c.rows === 0 ? t("policies.testStops") : t(c.policy.permissive ? "policies.testPassed" : "policies.testKept", { shown: count(c.rows), all: count(c.of) })}
                </Badge>
              </div>
              <div className="mt-0.5 font-mono text-xs break-all text-muted">{`${c.on === "old" ? "using" : "with check"} (${c.sql})`}</div>
            </li>
          );
        })}
      </ul>
      <p className="text-xs text-faint">{t("policies.testKeptNothing")}</p>
    </div>
  );
}
