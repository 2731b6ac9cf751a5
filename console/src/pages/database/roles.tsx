import { KeyRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Badge } from "@/components/ui/base";
import { Empty } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { rolesSql, type RoleInfo } from "@/lib/sql/objects";

const EXPLAINED = ["anon", "authenticated", "service_role", "authenticator", "postgres"] as const;

export function RolesPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const query = usePgList<RoleInfo>(ref, ["roles"], rolesSql());
  const explain = (name: string) => {
    const known = EXPLAINED.find((x) => x === name);
    return known ? t(`roles.explain.${known}`) : "";
  };
  return (
    <ListPage
      title={t("nav.pages.database.roles")}
      description={t("roles.description")}
      query={query}
      rowKey={(x) => x.name}
      text={(x) => x.name}
      empty={<Empty icon={<KeyRound size={30} />} title={t("roles.empty")}>{t("roles.emptyHelp")}</Empty>}
      columns={[
        { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
        {
          id: "rights",
          head: t("roles.rights"),
          cell: (x) => (
            <span className="flex flex-wrap gap-1">
              {x.super && <Badge tone="danger">superuser</Badge>}
              {x.login && <Badge tone="info">login</Badge>}
              {x.bypass && <Badge tone="warn">bypassrls</Badge>}
              {x.createdb && <Badge>createdb</Badge>}
              {x.createrole && <Badge>createrole</Badge>}
            </span>
          ),
        },
        { id: "members", head: t("roles.memberOf"), cell: (x) => <span className="font-mono text-xs text-muted">{x.members.join(", ")}</span> },
        { id: "connections", head: t("apps.connections"), className: "text-right", sort: (x) => x.connections, cell: (x) => <span className="tabular-nums">{x.connections}</span> },
        { id: "explain", head: t("common.description"), className: "min-w-44", cell: (x) => <span className="text-xs text-muted">{explain(x.name)}</span> },
      ]}
    />
  );
}
