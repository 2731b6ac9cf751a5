import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { Eye, Plus, Search, ShieldCheck } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { pgQuery, usePgList } from "@/api/pg";
import { useCanWrite } from "@/api/session";
import { PolicySheet } from "@/components/policy-dialog";
import { draftOf, PolicyList } from "@/components/policy-list";
import { Badge, Button, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Menu } from "@/components/ui/overlay";
import { Card, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { policiesSql, schemasSql, tablesSql, type PolicyInfo, type SchemaInfo, type TableInfo } from "@/lib/sql/introspect";
import { setRls, TABLE_TEMPLATES, tablePolicy, type PolicyDraft } from "@/lib/sql/policy";
import { PolicyTester } from "./policy-tester";

/** Tables shown at once. */
const PORTION = 50;

/** Tables with their policies, the switch of RLS, templates. */
export function PoliciesPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const canWrite = useCanWrite();
  const hash = useLocation({ select: (l) => l.hash });
  const dot = hash.indexOf(".");
  const [schema, setSchema] = useState(dot > 0 ? hash.slice(0, dot) : "public");
  const [search, setSearch] = useState(dot > 0 ? hash.slice(dot + 1) : "");
  const [limit, setLimit] = useState(PORTION);
  const [draft, setDraft] = useState<{ draft: PolicyDraft; before: PolicyDraft | null } | null>(null);
  const [testing, setTesting] = useState<{ table: TableInfo; policies: PolicyInfo[] } | null>(null);
  const schemas = usePgList<SchemaInfo>(ref, ["schemas"], schemasSql());
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const policies = usePgList<PolicyInfo>(ref, ["policies"], policiesSql());
  const q = search.toLowerCase();
  const shown = useMemo(() => {
    const of = new Map<string, PolicyInfo[]>();
    for (const p of policies.data ?? []) {
      const key = `${p.schema}.${p.table}`;
      of.set(key, [...(of.get(key) ?? []), p]);
    }
    return (tables.data ?? [])
      .filter((x) => x.schema === schema && (x.kind === "r" || x.kind === "p"))
      .map((table) => ({ table, policies: of.get(`${table.schema}.${table.name}`) ?? [] }))
      .filter((x) => q === "" || x.table.name.toLowerCase().includes(q) || x.policies.some((p) => p.name.toLowerCase().includes(q)));
  }, [tables.data, policies.data, schema, q]);

  const toggle = async (table: TableInfo) => {
    if (table.rls) {
      const yes = await confirm({ title: `${t("policies.disableRls")}: ${table.name}`, body: t("editor.rlsOffBody"), action: t("policies.disableRls"), danger: true });
      if (!yes) return;
    }
    try {
      await pgQuery(ref, setRls(table.schema, table.name, !table.rls));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t("common.saved"));
    } catch (error) {
      fail(error);
    }
  };
  const fresh = (list: PolicyInfo[], name: string) => {
    let n = name;
    for (let i = 2; list.some((p) => p.name === n); i += 1) n = `${name} ${i}`;
    return n;
  };
  return (
    <Page>
      <PageHead title={t("nav.pages.auth.policies")} description={t("policies.description")}>
        <Select aria-label={t("common.schema")} className="w-32" value={schema} onChange={(e) => setSchema(e.target.value)}>
          {(schemas.data ?? [{ name: "public" }]).map((s) => (
            <option key={s.name} value={s.name}>
              {s.name}
            </option>
          ))}
        </Select>
        <div className="relative">
          <Search size={14} className="absolute top-2.5 left-2.5 text-faint" />
          <Input aria-label={t("policies.search")} placeholder={t("policies.search")} value={search} onChange={(e) => setSearch(e.target.value)} className="w-52 pl-8" />
        </div>
      </PageHead>
      {tables.isPending || policies.isPending ? (
        <Spinner />
      ) : tables.isError || policies.isError ? (
        <ErrorBox error={tables.error ?? policies.error} onRetry={() => void client.invalidateQueries({ queryKey: ["pg", ref] })} />
      ) : shown.length === 0 ? (
        <Empty icon={<ShieldCheck size={30} />} title={t(q === "" ? "policies.noTables" : "policies.noMatch")}>
          {t(q === "" ? "policies.noTablesHelp" : "policies.noMatchHelp")}
        </Empty>
      ) : (
        <div className="space-y-4">
          {shown.slice(0, limit).map(({ table, policies: list }) => (
            <Card
              key={table.oid}
              flush
              title={
                <span className="flex flex-wrap items-center gap-2">
                  <span className="font-mono">{table.name}</span>
                  <Badge tone={table.rls ? "ok" : "warn"}>{table.rls ? "RLS" : t("editor.rlsIsOff")}</Badge>
                </span>
              }
              action={
                <div className="flex flex-wrap gap-2">
                  {table.owned && canWrite && (
                    <Button size="sm" variant="ghost" onClick={() => void toggle(table)}>
                      {t(table.rls ? "policies.disableRls" : "policies.enableRls")}
                    </Button>
                  )}
                  {canWrite && (
                    <>
                      <Button size="sm" variant="ghost" icon={<Eye size={13} />} onClick={() => setTesting({ table, policies: list })}>
                        {t("policies.tester")}
                      </Button>
                      <Menu
                        trigger={<Button size="sm">{t("policies.useTemplate")}</Button>}
                        items={TABLE_TEMPLATES.map((x) => ({
                          label: t(`policies.template.${x}`),
                          onSelect: () => setDraft({ draft: tablePolicy(x, table.schema, table.name, fresh(list, t(`policies.template.${x}`))), before: null }),
                        }))}
                      />
                      <Button
                        size="sm"
                        variant="primary"
                        icon={<Plus size={13} />}
                        onClick={() => setDraft({ draft: { schema: table.schema, table: table.name, name: "", command: "SELECT", permissive: true, roles: ["public"], using: "", check: "" }, before: null })}
                      >
                        {t("policies.create")}
                      </Button>
                    </>
                  )}
                </div>
              }
            >
              {list.length === 0 ? (
                <p className="px-4 py-4 text-sm text-muted">{t(table.rls ? "policies.noneRls" : "policies.noneNoRls")}</p>
              ) : (
                <PolicyList policies={list} onEdit={(p) => setDraft({ draft: draftOf(p), before: draftOf(p) })} />
              )}
            </Card>
          ))}
          {shown.length > limit && (
            <Button className="w-full" onClick={() => setLimit(limit + PORTION)}>
              {`${t("common.loadMore")} (${limit} / ${shown.length})`}
            </Button>
          )}
        </div>
      )}
      {testing && <PolicyTester table={testing.table} policies={testing.policies} onClose={() => setTesting(null)} />}
      <PolicySheet draft={draft?.draft ?? null} before={draft?.before} onClose={() => setDraft(null)} />
    </Page>
  );
}
