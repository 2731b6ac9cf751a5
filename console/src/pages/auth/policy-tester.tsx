import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pgRun, type RunAnswer } from "@/api/pg";
import { UserIdInput } from "@/components/user-id-input";
import { Badge, Button, Field, Select } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count, newId } from "@/lib/format";
import type { PolicyInfo, TableInfo } from "@/lib/sql/introspect";
import { appliesTo, conditionCounts, visibleCount, type Actor } from "@/lib/sql/policy-test";

interface Verdict {
  actor: Actor["role"];
  total: number;
  visible: number;
  passed: { policy: PolicyInfo; rows: number }[];
}

const lastRow = (a: RunAnswer) => (a.results.at(-1)?.rows[0] ?? []).map(Number);

/** Which rows of a table somebody sees, and which policy it is owed to. */
export function PolicyTester({ table, policies, onClose }: { table: TableInfo; policies: PolicyInfo[]; onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [role, setRole] = useState<Actor["role"]>("anon");
  const [user, setUser] = useState("");
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setBusy(true);
    setError(null);
    setVerdict(null);
    const userId = role === "authenticated" ? user.trim() : "";
    const asked = policies.filter((p) => appliesTo(p, role));
    try {
      const [conditions, seen] = await Promise.all([
        pgRun(ref, { sql: conditionCounts(table.schema, table.name, asked, { role, userId }), role: "postgres", run_id: newId(), timeout_ms: 30_000 }),
        pgRun(ref, { sql: visibleCount(table.schema, table.name), role, ...(userId ? { user_id: userId } : {}), run_id: newId(), timeout_ms: 30_000 }),
      ]);
      const [total = 0, ...rows] = lastRow(conditions);
      setVerdict({ actor: role, total, visible: lastRow(seen)[0] ?? 0, passed: asked.map((policy, i) => ({ policy, rows: rows[i] ?? 0 })) });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("policies.test", { table: table.name })} description={t("policies.testHelp")}>
      <div className="space-y-4">
        <Field label={t("policies.testAs")}>
          <Select value={role} onChange={(e) => setRole(e.target.value as Actor["role"])}>
            <option value="anon">{t("sql.roles.anon")}</option>
            <option value="authenticated">{t("sql.roles.authenticated")}</option>
          </Select>
        </Field>
        {role === "authenticated" && (
          <Field label={t("sql.userId")}>
            <UserIdInput value={user} onChange={setUser} />
          </Field>
        )}
        <Button variant="primary" busy={busy} onClick={() => void run()}>
          {t("policies.testRun")}
        </Button>
        <ErrorBox error={error} />
        {verdict && (
          <div className="space-y-2 rounded-md border p-3">
            <div className="flex flex-wrap items-center gap-2">
              <Badge tone={verdict.visible > 0 ? "ok" : "danger"}>{t("policies.testVisible", { shown: count(verdict.visible), all: count(verdict.total) })}</Badge>
              {!table.rls && <Badge tone="warn">{t("editor.rlsIsOff")}</Badge>}
            </div>
            {table.rls && verdict.passed.length === 0 && <p className="text-sm text-muted">{t("policies.testNone")}</p>}
            <ul className="space-y-1.5">
              {verdict.passed.map(({ policy, rows }) => (
                <li key={policy.name} className="text-sm">
                  <span className="font-medium">{policy.name}</span> <Badge tone={rows > 0 ? "ok" : "neutral"}>{t(policy.permissive ? "policies.testPassed" : "policies.testKept", { shown: count(rows) })}</Badge>
                  <div className="font-mono text-xs break-all text-muted">{`using ${policy.using ?? "true"}`}</div>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Dialog>
  );
}
