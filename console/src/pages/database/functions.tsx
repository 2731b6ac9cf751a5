import { Plus, SquareFunction, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Badge, Button, IconButton, Spinner } from "@/components/ui/base";
import { Empty, useFeedback } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { dropFunction, functionsSql, type FunctionInfo } from "@/lib/sql/objects";
import { useAct } from "@/lib/use-act";

const CodeEditor = lazy(() => import("@/components/code-editor"));

const FRESH = `create or replace function public.hello(name text)
returns text
language sql
stable
as $$
  select 'hello ' || name;
$$;
`;

export function FunctionsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const { confirm } = useFeedback();
  const query = usePgList<FunctionInfo>(ref, ["functions"], functionsSql());
  const [edit, setEdit] = useState<{ title: string; sql: string; fixed: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setEdit({ title: t("functions.create"), sql: FRESH, fixed: false })}>
      {t("functions.create")}
    </Button>
  );
  const remove = async (f: FunctionInfo) => {
    const yes = await confirm({ title: t("functions.dropTitle", { name: f.name }), body: t("functions.dropBody", { name: `${f.schema}.${f.name}(${f.identity})` }), action: t("common.delete"), danger: true });
    if (yes) await act(dropFunction(f), t("functions.dropped"));
  };
  return (
    <>
      <ListPage
        title={t("nav.pages.database.functions")}
        description={t("functions.description")}
        query={query}
        rowKey={(f) => f.oid}
        text={(f) => `${f.name} ${f.comment ?? ""}`}
        schemaOf={(f) => f.schema}
        action={create}
        onRow={(f) => setEdit({ title: `${f.schema}.${f.name}`, sql: f.definition ?? "", fixed: !f.owned })}
        empty={
          <Empty icon={<SquareFunction size={30} />} title={t("functions.empty")} action={create}>
            {t("functions.emptyHelp")}
          </Empty>
        }
        columns={[
          { id: "name", head: t("common.name"), sort: (f) => f.name, cell: (f) => <span className="font-mono font-medium">{f.name}</span> },
          { id: "args", head: t("functions.arguments"), cell: (f) => <span className="font-mono text-xs text-muted">{f.arguments}</span> },
          { id: "result", head: t("functions.result"), cell: (f) => <span className="font-mono text-xs">{f.result}</span> },
          { id: "language", head: t("functions.language"), sort: (f) => f.language, cell: (f) => f.language },
          { id: "security", head: t("functions.security"), cell: (f) => <Badge tone={f.definer ? "warn" : "neutral"}>{f.definer ? "definer" : "invoker"}</Badge> },
          {
            id: "act",
            head: "",
            className: "text-right",
            cell: (f) =>
              f.owned && (
                <span onClick={(e) => e.stopPropagation()}>
                  <IconButton label={t("common.delete")} onClick={() => void remove(f)}>
                    <Trash2 size={14} />
                  </IconButton>
                </span>
              ),
          },
        ]}
      />
      <Sheet
        wide
        open={edit !== null}
        onClose={() => setEdit(null)}
        title={edit?.title ?? ""}
        description={edit?.fixed ? t("functions.fixed") : t("functions.editHelp")}
        footer={
          <>
            <Button onClick={() => setEdit(null)}>{t("common.cancel")}</Button>
            {!edit?.fixed && (
              <Button
                variant="primary"
                busy={busy}
                onClick={() => {
                  if (!edit) return;
                  setBusy(true);
                  void act(edit.sql, t("common.saved"))
                    .then((ok) => ok && setEdit(null))
                    .finally(() => setBusy(false));
                }}
              >
                {t("common.save")}
              </Button>
            )}
          </>
        }
      >
        <div className="h-[60vh] overflow-hidden rounded-md border">
          <Suspense fallback={<Spinner />}>{edit && <CodeEditor value={edit.sql} readOnly={edit.fixed} onChange={(sql) => setEdit((e) => e && { ...e, sql })} />}</Suspense>
        </div>
      </Sheet>
    </>
  );
}
