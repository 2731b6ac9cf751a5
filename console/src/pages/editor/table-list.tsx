import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { Eye, Radio, ShieldOff, Table2 } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { TableInfo } from "@/lib/sql/introspect";

/** The tables of a schema, thousands if need be. */
export function TableList({ tables, current, onOpen }: { tables: TableInfo[]; current: string | undefined; onOpen: (name: string) => void }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({ count: tables.length, getScrollElement: () => scroller.current, estimateSize: () => 28, overscan: 10 });
  return (
    <div ref={scroller} className="scroll-thin min-h-0 flex-1 overflow-y-auto px-2 pb-2">
      <div className="relative" style={{ height: lines.getTotalSize() }}>
        {lines.getVirtualItems().map((line) => {
          const x = tables[line.index]!;
          return (
            <button
              key={x.oid}
              type="button"
              onClick={() => onOpen(x.name)}
              title={x.comment ?? x.name}
              style={{ transform: `translateY(${line.start}px)` }}
              className={clsx("absolute top-0 flex h-7 w-full items-center gap-2 rounded-md px-2 text-left", x.name === current ? "bg-hover font-medium" : "text-muted hover:bg-hover hover:text-text")}
            >
              {x.kind === "v" || x.kind === "m" ? <Eye size={13} className="shrink-0" /> : <Table2 size={13} className="shrink-0" />}
              <span className="min-w-0 flex-1 truncate font-mono text-xs">{x.name}</span>
              {x.realtime && <Radio size={12} className="shrink-0 text-ok" aria-label={t("editor.realtimeOn")} />}
              {(x.kind === "r" || x.kind === "p") && !x.rls && <ShieldOff size={12} className="shrink-0 text-warn" aria-label={t("editor.rlsIsOff")} />}
            </button>
          );
        })}
      </div>
    </div>
  );
}
