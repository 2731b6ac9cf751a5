import { useNavigate } from "@tanstack/react-router";
import { Plus, Table2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Badge, Button } from "@/components/ui/base";
import { Empty } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { bytes, count } from "@/lib/format";
import { tablesSql, type TableInfo } from "@/lib/sql/introspect";

export function TablesPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const navigate = useNavigate();
  const query = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => void navigate({ to: "/app/$ref/editor", params: { ref }, search: { new: true } })}>
      {t("editor.newTable")}
    </Button>
  );
  return (
    <ListPage
      title={t("nav.pages.database.tables")}
      query={query}
      rowKey={(x) => x.oid}
      text={(x) => `${x.name} ${x.comment ?? ""}`}
      schemaOf={(x) => x.schema}
      onRow={(x) => void navigate({ to: "/app/$ref/editor", params: { ref }, search: { schema: x.schema === "public" ? undefined : x.schema, table: x.name } })}
      action={create}
      empty={
        <Empty icon={<Table2 size={30} />} title={t("editor.noTables")} action={create}>
          {t("editor.noTablesHelp")}
        </Empty>
      }
      columns={[
        { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
        { id: "kind", head: t("common.type"), cell: (x) => <Badge>{t(`database.kinds.${x.kind}`)}</Badge> },
        { id: "comment", head: t("common.description"), className: "min-w-32", cell: (x) => <span className="text-muted">{x.comment}</span> },
        { id: "rows", head: t("database.rows"), sort: (x) => x.rows, className: "text-right", cell: (x) => <span className="tabular-nums">{count(x.rows)}</span> },
        { id: "size", head: t("database.size"), sort: (x) => x.size, className: "text-right", cell: (x) => <span className="whitespace-nowrap tabular-nums">{bytes(x.size)}</span> },
        { id: "rls", head: "RLS", cell: (x) => (x.kind === "r" || x.kind === "p" ? <Badge tone={x.rls ? "ok" : "warn"}>{x.rls ? t("editor.rlsOn", { count: x.policies }) : t("editor.rlsIsOff")}</Badge> : null) },
        { id: "realtime", head: "Realtime", cell: (x) => x.realtime && <Badge tone="info">{t("database.on")}</Badge> },
      ]}
    />
  );
}
