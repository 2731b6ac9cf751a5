import { useNavigate } from "@tanstack/react-router";
import { KeyRound, Workflow } from "lucide-react";
import { lazy, Suspense, useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Button, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { diagramLinksSql, diagramTablesSql, type DiagramLink, type DiagramTable } from "@/lib/sql/diagram";
import { schemasSql, type SchemaInfo } from "@/lib/sql/introspect";

const Canvas = lazy(() => import("./canvas"));

/** Tables, columns and foreign keys of one schema as a drawing. */
export function DiagramPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const navigate = useNavigate();
  const [schema, setSchema] = useState("public");
  const schemas = usePgList<SchemaInfo>(ref, ["schemas"], schemasSql());
  const tables = usePgList<DiagramTable>(ref, ["diagram-tables", schema], diagramTablesSql(schema));
  const links = usePgList<DiagramLink>(ref, ["diagram-links", schema], diagramLinksSql(schema));
  const open = useCallback((table: string) => void navigate({ to: "/app/$ref/editor", params: { ref }, search: { schema, table } }), [navigate, ref, schema]);
  const error = tables.error ?? links.error;
  return (
    <div className="flex h-full min-h-[480px] flex-col">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b bg-panel px-4 py-2.5">
        <h1 className="text-base font-semibold">{t("nav.pages.database.diagram")}</h1>
        <Select aria-label={t("common.schema")} className="w-40" value={schema} onChange={(e) => setSchema(e.target.value)}>
          {(schemas.data ?? [{ name: "public", owned: true }]).map((s) => (
            <option key={s.name} value={s.name}>
              {s.name}
            </option>
          ))}
        </Select>
        <div className="hidden items-center gap-4 text-xs text-muted md:flex">
          <span className="flex items-center gap-1">
            <KeyRound size={11} className="text-accent" /> {t("editor.column.pk")}
          </span>
          <span className="flex items-center gap-1.5">
            <span className="size-[7px] rotate-45 border border-line-strong bg-line-strong" /> {t("diagram.notNull")}
          </span>
          <span className="text-info">{t("diagram.foreignKey")}</span>
        </div>
      </div>
      <div className="min-h-0 flex-1">
        {error ? (
          <ErrorBox
            error={error}
            className="m-4"
            onRetry={() => {
              void tables.refetch();
              void links.refetch();
            }}
          />
        ) : !tables.data || !links.data ? (
          <Spinner />
        ) : tables.data.length === 0 ? (
          <Empty
            icon={<Workflow size={30} />}
            title={t("diagram.empty")}
            action={
              <Button variant="primary" onClick={() => void navigate({ to: "/app/$ref/editor", params: { ref }, search: { new: true } })}>
                {t("diagram.createTable")}
              </Button>
            }
          >
            {t("diagram.emptyHelp")}
          </Empty>
        ) : (
          <Suspense fallback={<Spinner />}>
            <Canvas tables={tables.data} links={links.data} onOpen={open} />
          </Suspense>
        )}
      </div>
    </div>
  );
}
