import { useQuery, useQueryClient } from "@tanstack/react-query";
import { AlignLeft, PanelLeft, Play, Plus, Save, Square, Workflow } from "lucide-react";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { deleteQuery, listQueries, pgCancel, pgRun, saveQuery, usePgList, type RunAnswer, type RunRole } from "@/api/pg";
import type { EditorHandle, Mark } from "@/components/code-editor";
import { UserIdInput } from "@/components/user-id-input";
import { Button, IconButton, Select, Spinner } from "@/components/ui/base";
import { useFeedback } from "@/components/ui/feedback";
import { Menu } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { count, newId } from "@/lib/format";
import { readPref, writePref } from "@/lib/prefs";
import { completionSql } from "@/lib/sql/introspect";
import { QueryList, type Draft, type HistoryEntry } from "./query-list";
import { Results } from "./results";
import { SaveDialog } from "./save-dialog";
import { Shortcuts } from "./shortcuts";

const CodeEditor = lazy(() => import("@/components/code-editor"));
const LIMITS = [100, 1000, 10_000, 100_000] as const;
const PLAN_LEAD = "explain (format json) ";
const MEASURE_LEAD = "begin;\nexplain (analyze, buffers, format json) ";

export function SqlPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast, fail, confirm } = useFeedback();
  const [drafts, setDraftsState] = useState<Draft[]>(() => {
    const kept = readPref<Draft[]>(`sql.drafts.${ref}`, []);
    return kept.length > 0 ? kept : [{ id: newId(), name: "", sql: "" }];
  });
  const [current, setCurrent] = useState(drafts[0]!.id);
  const [history, setHistory] = useState<HistoryEntry[]>(() => readPref(`sql.history.${ref}`, []));
  const [role, setRole] = useState<RunRole>("postgres");
  const [user, setUser] = useState("");
  const [run, setRun] = useState<{ id: string; since: number } | null>(null);
  const [answer, setAnswer] = useState<RunAnswer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [mark, setMark] = useState<Mark | null>(null);
  const [saving, setSaving] = useState(false);
  const [maxRows, setMaxRows] = useState<number>(() => readPref("sql.maxRows", 1000));
  const [side, setSide] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const saved = useQuery({ queryKey: ["queries", ref], queryFn: () => listQueries(ref) });
  const names = usePgList<{ schema: string; name: string; columns: string[] | null }>(ref, ["completion"], completionSql());
  const schema = useMemo(() => {
    const out: Record<string, Record<string, string[]>> = {};
    for (const x of names.data ?? []) (out[x.schema] ??= {})[x.name] = x.columns ?? [];
    return out;
  }, [names.data]);

  const draft = drafts.find((d) => d.id === current) ?? drafts[0]!;
  const setDrafts = (next: Draft[]) => {
    setDraftsState(next);
    writePref(`sql.drafts.${ref}`, next.slice(0, 30));
  };
  const open = (d: Draft) => {
    if (!drafts.some((x) => x.id === d.id)) setDrafts([d, ...drafts]);
    setCurrent(d.id);
    setMark(null);
    setSide(false);
  };
  const fresh = (sql = "") => open({ id: newId(), name: "", sql });
  const change = (sql: string) => {
    setMark(null);
    setDrafts(drafts.map((d) => (d.id === draft.id ? { ...d, sql } : d)));
  };

  const execute = async (sql: string, from: number) => {
    if (sql.trim() === "" || run) return;
    const id = newId();
    setRun({ id, since: Date.now() });
    setError(null);
    setMark(null);
    try {
      const result = await pgRun(ref, { sql, role, ...(role === "authenticated" && user.trim() ? { user_id: user.trim() } : {}), max_rows: maxRows, timeout_ms: 120_000, run_id: id });
      setAnswer(result);
      // What ran may have changed the schema.
      if (result.results.some((r) => !/^(SELECT|EXPLAIN|SHOW)/i.test(r.command))) await client.invalidateQueries({ queryKey: ["pg", ref] });
    } catch (e) {
      setAnswer(null);
      setError(e);
      if (e instanceof ApiError && e.position !== undefined) setMark({ at: Math.max(0, from + offsetOf(sql, e.position)), message: e.message });
    } finally {
      setRun(null);
      const typed = sql.startsWith(PLAN_LEAD) || sql.startsWith(MEASURE_LEAD) ? chosen().sql : sql;
      const next = [{ sql: typed, at: new Date().toISOString() }, ...history.filter((h) => h.sql !== typed)].slice(0, 60);
      setHistory(next);
      writePref(`sql.history.${ref}`, next);
    }
  };
  const chosen = () => editor.current?.chosen() ?? { sql: draft.sql, from: 0 };
  /** The plan of one statement. Measuring runs it, in a transaction that is rolled back. */
  const explain = (measure: boolean) => {
    const { sql, from } = chosen();
    const one = sql.replace(/;\s*$/, "");
    if (/^\s*explain\b/i.test(one)) void execute(one, from);
    else if (measure) void execute(`${MEASURE_LEAD}${one};\nrollback;`, from - MEASURE_LEAD.length);
    else void execute(`${PLAN_LEAD}${one}`, from - PLAN_LEAD.length);
  };
  const store = async (name: string) => {
    try {
      await saveQuery(ref, { id: draft.id, name, sql: draft.sql });
      setDrafts(drafts.map((d) => (d.id === draft.id ? { ...d, name } : d)));
      await client.invalidateQueries({ queryKey: ["queries", ref] });
      toast(t("common.saved"));
    } catch (e) {
      fail(e);
    }
  };
  const isSaved = saved.data?.find((q) => q.id === draft.id);
  const save = () => (isSaved ? void store(isSaved.name) : setSaving(true));
  const remove = async (d: Draft, stored: boolean) => {
    if (stored) {
      if (!(await confirm({ title: t("sql.deleteTitle", { name: d.name }), body: t("sql.deleteBody"), action: t("common.delete"), danger: true }))) return;
      try {
        await deleteQuery(ref, d.id);
        await client.invalidateQueries({ queryKey: ["queries", ref] });
      } catch (e) {
        fail(e);
        return;
      }
    }
    const left = drafts.filter((x) => x.id !== d.id);
    const next = left.length > 0 ? left : [{ id: newId(), name: "", sql: "" }];
    setDrafts(next);
    if (current === d.id) setCurrent(next[0]!.id);
  };

  return (
    <div className="flex h-full min-h-0">
      <QueryList
        visible={side}
        drafts={drafts}
        saved={saved.data ?? []}
        error={saved.error}
        history={history}
        current={draft.id}
        onOpen={open}
        onNew={() => fresh()}
        onRemove={(d, s) => void remove(d, s)}
        onHistory={(h) => fresh(h.sql)}
      />
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex flex-wrap items-center gap-2 border-b bg-panel px-3 py-1.5">
          <IconButton label={t("sql.showList")} className="md:hidden" onClick={() => setSide(!side)}>
            <PanelLeft size={16} />
          </IconButton>
          <h1 className="max-w-56 text-sm font-semibold">
            <button type="button" className="max-w-full truncate" title={t("sql.rename")} onClick={() => setSaving(true)}>
              {draft.name || t("sql.untitled")}
            </button>
          </h1>
          <Button size="sm" icon={<Plus size={13} />} onClick={() => fresh()}>
            {t("sql.newQuery")}
          </Button>
          <div className="flex-1" />
          <Select aria-label={t("sql.role")} title={t("sql.roleHelp")} className="h-7 w-auto text-xs" value={role} onChange={(e) => setRole(e.target.value as RunRole)}>
            {(["postgres", "anon", "authenticated", "service_role"] as const).map((r) => (
              <option key={r} value={r}>
                {t(`sql.roles.${r}`)}
              </option>
            ))}
          </Select>
          {role === "authenticated" && <UserIdInput className="h-7 w-44 font-mono text-xs" value={user} onChange={setUser} />}
          <Select
            aria-label={t("sql.maxRows")}
            title={t("sql.maxRows")}
            className="h-7 w-auto text-xs"
            value={maxRows}
            onChange={(e) => {
              setMaxRows(Number(e.target.value));
              writePref("sql.maxRows", Number(e.target.value));
            }}
          >
            {LIMITS.map((n) => (
              <option key={n} value={n}>
                {t("sql.upTo", { shown: count(n) })}
              </option>
            ))}
          </Select>
          <Menu
            trigger={
              <Button size="sm" icon={<Workflow size={13} />} disabled={run !== null || draft.sql.trim() === ""}>
                {t("sql.explain")}
              </Button>
            }
            items={[
              { label: t("sql.explainPlan"), onSelect: () => explain(false) },
              { label: t("sql.explainMeasure"), onSelect: () => explain(true) },
            ]}
          />
          <IconButton label={t("sql.format")} className="size-7 border border-line-strong" disabled={draft.sql.trim() === ""} onClick={() => editor.current?.format()}>
            <AlignLeft size={14} />
          </IconButton>
          <Shortcuts />
          <Button size="sm" icon={<Save size={13} />} onClick={save}>
            {t("common.save")}
          </Button>
          {run ? (
            <Button size="sm" variant="danger" icon={<Square size={12} />} onClick={() => void pgCancel(ref, run.id).catch(fail)}>
              {t("sql.cancel")}
            </Button>
          ) : (
            <Button size="sm" variant="primary" icon={<Play size={13} />} title="Ctrl+Enter" onClick={() => void execute(chosen().sql, chosen().from)}>
              {t("sql.run")}
            </Button>
          )}
        </div>
        <div className="h-[42%] min-h-40 border-b">
          <Suspense fallback={<Spinner />}>
            <CodeEditor key={draft.id} handle={editor} value={draft.sql} onChange={change} onRun={(s, from) => void execute(s, from)} onSave={save} schema={schema} mark={mark} hint={t("sql.placeholder")} />
          </Suspense>
        </div>
        <Results answer={answer} error={error} sql={draft.sql} mark={mark} running={run} maxRows={maxRows} />
      </div>
      {saving && <SaveDialog initial={draft.name} onClose={() => setSaving(false)} onSave={(name) => void store(name)} />}
    </div>
  );
}

/** PostgreSQL counts characters from 1, JavaScript UTF-16 units from 0. */
export function offsetOf(sql: string, position: number): number {
  return [...sql].slice(0, position - 1).join("").length;
}
