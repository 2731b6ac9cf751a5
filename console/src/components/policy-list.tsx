import { useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { pgQuery } from "@/api/pg";
import { useCanWrite } from "@/api/session";
import { Badge, IconButton } from "@/components/ui/base";
import { useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import type { PolicyInfo } from "@/lib/sql/introspect";
import { dropPolicy, type PolicyDraft } from "@/lib/sql/policy";

export const draftOf = (p: PolicyInfo): PolicyDraft => ({ ...p, using: p.using ?? "", check: p.check ?? "" });

/** The policies of one table or bucket. */
export function PolicyList({ policies, onEdit }: { policies: PolicyInfo[]; onEdit: (p: PolicyInfo) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const canWrite = useCanWrite();
  const remove = async (p: PolicyInfo) => {
    const yes = await confirm({ title: t("policies.dropTitle", { name: p.name }), body: t("policies.dropBody", { table: `${p.schema}.${p.table}`, command: t(`policies.commands.${p.command}`) }), action: t("common.delete"), danger: true });
    if (!yes) return;
    try {
      await pgQuery(ref, dropPolicy(p));
      await client.invalidateQueries({ queryKey: ["pg", ref] });
      toast(t("policies.dropped"));
    } catch (error) {
      fail(error);
    }
  };
  return (
    <ul className="divide-y">
      {policies.map((p) => (
        <li key={`${p.table}.${p.name}`} className="flex items-start gap-3 px-4 py-2.5">
          <span className="w-20 shrink-0 pt-px">
            <Badge tone={p.command === "SELECT" ? "info" : p.command === "INSERT" ? "ok" : p.command === "DELETE" ? "danger" : "warn"}>{p.command}</Badge>
          </span>
          <div className="min-w-0 flex-1">
            <div className="font-medium break-words">
              {p.name} {!p.permissive && <Badge tone="warn">{t("policies.restrictive")}</Badge>}
            </div>
            <div className="mt-0.5 space-y-0.5 font-mono text-xs break-all text-muted">
              <div>{`to ${p.roles.join(", ")}`}</div>
              {p.using && <div>{`using ${p.using}`}</div>}
              {p.check && <div>{`with check ${p.check}`}</div>}
            </div>
          </div>
          {canWrite && (
            <>
              <IconButton label={t("common.edit")} onClick={() => onEdit(p)}>
                <Pencil size={14} />
              </IconButton>
              <IconButton label={t("common.delete")} onClick={() => void remove(p)}>
                <Trash2 size={14} />
              </IconButton>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
