import clsx from "clsx";
import { SquareFunction, Table2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, type AppDetail } from "@/api/apps";
import { usePgList } from "@/api/pg";
import { Badge, Input, Select } from "@/components/ui/base";
import { CopyButton, ErrorBox } from "@/components/ui/feedback";
import { Card, PageHead, Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { columnsSql, tablesSql, type ColumnInfo, type TableInfo } from "@/lib/sql/introspect";
import { functionsSql, type FunctionInfo } from "@/lib/sql/objects";
import { functionAttempts, functionExample, introduction, tableAttempts, tableExamples, type Example, type Language } from "./examples";
import { TryIt } from "./try-it";

type Open = { kind: "intro" } | { kind: "table"; table: TableInfo } | { kind: "function"; fn: FunctionInfo };

/** Tables drawn in the list, and how many make a search worth its place. */
const LISTED = 300;
const SEARCHED = 20;

/** Calls of every table and function, with this application's address and key in place. */
export function ApiDocsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const app = useApp(ref);
  const [open, setOpen] = useState<Open>({ kind: "intro" });
  const [search, setSearch] = useState("");
  const [language, setLanguage] = useState<Language>("js");
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const functions = usePgList<FunctionInfo>(ref, ["functions"], functionsSql());
  const open_ = (o: Open) => setOpen(o);
  const ours = (tables.data ?? []).filter((x) => x.schema === "public");
  const callable = (functions.data ?? []).filter((f) => f.schema === "public" && f.result !== "trigger");
  const q = search.trim().toLowerCase();
  const listed = ours.filter((x) => x.name.toLowerCase().includes(q)).slice(0, LISTED);
  const item = (active: boolean) => clsx("flex h-7 w-full items-center gap-2 rounded-md px-2 text-left", active ? "bg-hover font-medium" : "text-muted hover:bg-hover hover:text-text");
  if (!app.data) return null;
  return (
    <div className="flex h-full min-h-0">
      <aside className="scroll-thin hidden w-56 shrink-0 overflow-y-auto border-r bg-panel p-2 md:block">
        <button type="button" className={item(open.kind === "intro")} onClick={() => open_({ kind: "intro" })}>
          {t("docs.introduction")}
        </button>
        <div className="px-2 pt-3 pb-1 text-xs text-faint">{t("docs.tables")}</div>
        {ours.length > SEARCHED && <Input aria-label={t("editor.searchTables")} placeholder={t("editor.searchTables")} className="mb-1 h-7 w-full text-xs" value={search} onChange={(e) => setSearch(e.target.value)} />}
        {listed.map((x) => (
          <button key={x.oid} type="button" className={item(open.kind === "table" && open.table.oid === x.oid)} onClick={() => open_({ kind: "table", table: x })}>
            <Table2 size={13} className="shrink-0" />
            <span className="truncate font-mono text-xs">{x.name}</span>
          </button>
        ))}
        {tables.isSuccess && ours.length === 0 && <p className="px-2 text-xs text-muted">{t("docs.noTables")}</p>}
        {callable.length > 0 && <div className="px-2 pt-3 pb-1 text-xs text-faint">{t("docs.functions")}</div>}
        {callable.slice(0, LISTED).map((f) => (
          <button key={f.oid} type="button" className={item(open.kind === "function" && open.fn.oid === f.oid)} onClick={() => open_({ kind: "function", fn: f })}>
            <SquareFunction size={13} className="shrink-0" />
            <span className="truncate font-mono text-xs">{f.name}</span>
          </button>
        ))}
      </aside>
      <div className="scroll-thin min-w-0 flex-1 overflow-auto px-4 py-5 sm:px-6">
        <div className="mx-auto max-w-4xl space-y-4">
          <PageHead title={open.kind === "intro" ? t("docs.title") : <span className="font-mono">{open.kind === "table" ? open.table.name : open.fn.name}</span>} description={open.kind === "table" ? open.table.comment : open.kind === "intro" ? t("docs.description") : open.fn.comment}>
            <Select
              aria-label={t("docs.pick")}
              className="w-44 md:hidden"
              value={open.kind === "table" ? open.table.oid : open.kind === "function" ? open.fn.oid : ""}
              onChange={(e) => {
                const oid = Number(e.target.value);
                const table = ours.find((x) => x.oid === oid);
                const fn = callable.find((x) => x.oid === oid);
                open_(table ? { kind: "table", table } : fn ? { kind: "function", fn } : { kind: "intro" });
              }}
            >
              <option value="">{t("docs.introduction")}</option>
              {ours.map((x) => (
                <option key={x.oid} value={x.oid}>
                  {x.name}
                </option>
              ))}
              {callable.map((f) => (
                <option key={f.oid} value={f.oid}>
                  {`${f.name}()`}
                </option>
              ))}
            </Select>
          </PageHead>
          <ErrorBox error={tables.error ?? functions.error} />
          <Tabs
            value={language}
            onChange={setLanguage}
            tabs={[
              { value: "js", label: "JavaScript" },
              { value: "python", label: "Python" },
              { value: "curl", label: "cURL" },
            ]}
          />
          {open.kind === "intro" && <Examples list={introduction(language, app.data.url, app.data.anon_key)} />}
          {open.kind === "function" && (
            <>
              <p className="font-mono text-xs text-muted">{`(${open.fn.arguments}) → ${open.fn.result}`}</p>
              <TryIt key={open.fn.oid} app={app.data} attempts={functionAttempts(open.fn.name, open.fn.arguments)} />
              <Examples list={functionExample(language, app.data.url, app.data.anon_key, open.fn.name, open.fn.arguments)} />
            </>
          )}
          {open.kind === "table" && <TableDocs key={open.table.oid} app={app.data} table={open.table} language={language} />}
        </div>
      </div>
    </div>
  );
}

function Examples({ list }: { list: Example[] }) {
  const { t } = useTranslation();
  return (
    <>
      {list.map((e) => (
        <Card key={e.key} flush title={t(`docs.${e.key}`)} action={<CopyButton compact text={e.code} />}>
          <pre className="scroll-thin overflow-x-auto p-4 font-mono text-xs leading-relaxed">{e.code}</pre>
        </Card>
      ))}
    </>
  );
}

function TableDocs({ app, table, language }: { app: AppDetail; table: TableInfo; language: Language }) {
  const { t } = useTranslation();
  const columns = usePgList<ColumnInfo>(app.ref, ["columns", table.schema, table.name], columnsSql(table.schema, table.name));
  const writable = table.kind === "r" || table.kind === "p";
  return (
    <>
      <Card flush title={t("docs.columns")}>
        <ul className="divide-y">
          {(columns.data ?? []).map((c) => (
            <li key={c.name} className="flex flex-wrap items-baseline gap-x-3 px-4 py-1.5">
              <span className="font-mono text-xs font-medium">{c.name}</span>
              <span className="font-mono text-xs text-muted">{c.type}</span>
              {c.pk && <Badge tone="accent">PK</Badge>}
              <Badge>{!c.nullable && c.default === null && c.identity === "" ? t("docs.required") : t("docs.optional")}</Badge>
              {c.comment && <span className="text-xs text-muted">{c.comment}</span>}
            </li>
          ))}
        </ul>
      </Card>
      {columns.data && <TryIt app={app} attempts={tableAttempts(table.name, columns.data, writable)} />}
      <Examples list={tableExamples(language, app.url, app.anon_key, table.name, columns.data ?? [], writable)} />
    </>
  );
}
