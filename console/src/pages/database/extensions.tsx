import { Puzzle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Switch } from "@/components/ui/base";
import { Empty, useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { createExtension, dropExtension, extensionsSql, type ExtensionInfo } from "@/lib/sql/objects";
import { useAct } from "@/lib/use-act";

export function ExtensionsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const { confirm } = useFeedback();
  const query = usePgList<ExtensionInfo>(ref, ["extensions"], extensionsSql());
  const toggle = async (x: ExtensionInfo, on: boolean) => {
    if (on) await act(createExtension(x.name, "extensions"), t("extensions.enabled", { name: x.name }));
    else if (await confirm({ title: t("extensions.dropTitle", { name: x.name }), body: t("extensions.dropBody"), action: t("extensions.disable"), danger: true })) await act(dropExtension(x.name), t("extensions.disabled", { name: x.name }));
  };
  return (
    <ListPage
      title={t("nav.pages.database.extensions")}
      description={t("extensions.description")}
      query={query}
      rowKey={(x) => x.name}
      text={(x) => `${x.name} ${x.comment ?? ""}`}
      empty={<Empty icon={<Puzzle size={30} />} title={t("extensions.empty")}>{t("extensions.emptyHelp")}</Empty>}
      columns={[
        { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
        { id: "version", head: t("extensions.version"), cell: (x) => <span className="tabular-nums">{x.installed ?? x.version}</span> },
        { id: "schema", head: t("common.schema"), cell: (x) => <span className="font-mono text-muted">{x.schema}</span> },
        { id: "comment", head: t("common.description"), className: "min-w-32", cell: (x) => <span className="text-muted">{x.comment}</span> },
        { id: "on", head: t("database.on"), className: "text-right", cell: (x) => <span className="inline-flex"><Switch label={x.name} checked={x.installed !== null} onChange={(on) => void toggle(x, on)} /></span> },
      ]}
    />
  );
}
