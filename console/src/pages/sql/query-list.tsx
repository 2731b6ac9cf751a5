import clsx from "clsx";
import { FileCode2, History, Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SavedQuery } from "@/api/pg";
import { Button, IconButton } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Tabs } from "@/components/ui/page";
import { time } from "@/lib/format";
import { templates } from "./templates";

export interface Draft {
  id: string;
  name: string;
  sql: string;
}
export interface HistoryEntry {
  sql: string;
  at: string;
}

export function QueryList(props: {
  visible: boolean;
  drafts: Draft[];
  saved: SavedQuery[];
  error: unknown;
  history: HistoryEntry[];
  current: string;
  onOpen: (d: Draft) => void;
  onNew: () => void;
  onRemove: (d: Draft, stored: boolean) => void;
  onHistory: (h: HistoryEntry) => void;
}) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<"queries" | "templates" | "history">("queries");
  const open = props.drafts.filter((d) => !props.saved.some((s) => s.id === d.id));
  const line = (d: Draft, stored: boolean) => (
    <div key={d.id} className={clsx("flex h-7 items-center rounded-md", d.id === props.current ? "bg-hover font-medium" : "text-muted hover:bg-hover hover:text-text")}>
      <button type="button" className="flex h-full min-w-0 flex-1 items-center gap-2 px-2 text-left" onClick={() => props.onOpen(d)}>
        <FileCode2 size={13} className="shrink-0" />
        <span className="truncate">{d.name || firstLine(d.sql) || t("sql.untitled")}</span>
      </button>
      <IconButton label={t("common.delete")} className="size-6" onClick={() => props.onRemove(d, stored)}>
        <X size={12} />
      </IconButton>
    </div>
  );
  return (
    <aside className={clsx("h-full w-56 shrink-0 flex-col border-r bg-panel md:static md:flex", props.visible ? "absolute z-20 flex shadow-xl" : "hidden")}>
      <div className="p-2">
        <Button variant="primary" className="w-full" icon={<Plus size={14} />} onClick={props.onNew}>
          {t("sql.newQuery")}
        </Button>
      </div>
      <Tabs
        value={tab}
        onChange={setTab}
        tabs={[
          { value: "queries", label: t("sql.queries") },
          { value: "templates", label: t("sql.templates") },
          { value: "history", label: t("sql.history") },
        ]}
      />
      <div className="scroll-thin min-h-0 flex-1 overflow-y-auto p-2">
        {tab === "queries" && (
          <>
            <ErrorBox error={props.error} />
            {open.length > 0 && <div className="px-2 pb-1 text-xs text-faint">{t("sql.drafts")}</div>}
            {open.map((d) => line(d, false))}
            <div className="px-2 pt-3 pb-1 text-xs text-faint">{t("sql.saved")}</div>
            {props.saved.map((q) => line(props.drafts.find((d) => d.id === q.id) ?? q, true))}
            {props.saved.length === 0 && <p className="px-2 text-xs text-muted">{t("sql.noSaved")}</p>}
          </>
        )}
        {tab === "templates" &&
          templates.map((x) => (
            <button key={x.key} type="button" className="block w-full rounded-md px-2 py-1.5 text-left hover:bg-hover" onClick={() => props.onHistory({ sql: x.sql, at: "" })}>
              <span className="block text-sm">{t(`sql.template.${x.key}`)}</span>
              <span className="block truncate font-mono text-xs text-faint">{firstLine(x.sql)}</span>
            </button>
          ))}
        {tab === "history" &&
          (props.history.length === 0 ? (
            <p className="px-2 py-1 text-xs text-muted">{t("sql.noHistory")}</p>
          ) : (
            props.history.map((h, i) => (
              <button key={i} type="button" className="block w-full rounded-md px-2 py-1.5 text-left hover:bg-hover" onClick={() => props.onHistory(h)}>
                <span className="flex items-center gap-1.5 truncate font-mono text-xs">
                  <History size={12} className="shrink-0 text-faint" />
                  {firstLine(h.sql)}
                </span>
                <span className="text-xs text-faint">{time(h.at)}</span>
              </button>
            ))
          ))}
      </div>
    </aside>
  );
}

function firstLine(sql: string): string {
  return (sql.split("\n").find((l) => l.trim() !== "" && !l.trim().startsWith("--")) ?? "").trim().slice(0, 80);
}
