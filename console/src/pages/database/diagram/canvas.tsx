import { Background, Controls, Handle, MiniMap, Position, ReactFlow, type Edge, type Node, type NodeProps } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import clsx from "clsx";
import { KeyRound } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Badge } from "@/components/ui/base";
import type { DiagramLink, DiagramTable } from "@/lib/sql/diagram";
import { HEAD, heightOf, place, ROW, WIDTH } from "./layout";

type TableNode = Node<{ table: DiagramTable; links: DiagramLink[]; led: Set<string>; onOpen: (name: string) => void }, "table">;

const kinds = { table: TableBox };

/** The drawing: tables can be dragged, the sheet panned and zoomed. Loaded with the page. */
export default function Canvas({ tables, links, onOpen }: { tables: DiagramTable[]; links: DiagramLink[]; onOpen: (name: string) => void }) {
  const { t } = useTranslation();
  const places = useMemo(() => place(tables, links), [tables, links]);
  const nodes = useMemo(
    () =>
      tables.map((table): TableNode => ({
        id: String(table.oid),
        type: "table",
        position: places.get(table.oid) ?? { x: 0, y: 0 },
        data: { table, links: links.filter((l) => l.from === table.oid), led: new Set(links.filter((l) => l.to === table.oid).map((l) => l.toColumn)), onOpen },
        width: WIDTH,
        height: heightOf(table),
        ariaLabel: table.name,
      })),
    [tables, links, places, onOpen],
  );
  const edges = useMemo(() => {
    const known = new Set(tables.map((x) => x.oid));
    return links
      .filter((l) => known.has(l.to))
      .map((l): Edge => ({ id: `${l.from}.${l.name}`, source: String(l.from), target: String(l.to), sourceHandle: l.fromColumn, targetHandle: l.toColumn, type: "smoothstep", ariaLabel: l.name }));
  }, [tables, links]);
  return (
    <ReactFlow
      // Another schema, or a changed one, is laid out anew.
      key={tables.map((x) => `${x.oid}:${x.columns.length}`).join()}
      defaultNodes={nodes}
      defaultEdges={edges}
      nodeTypes={kinds}
      fitView
      fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
      minZoom={0.1}
      maxZoom={1.6}
      nodesConnectable={false}
      deleteKeyCode={null}
      onlyRenderVisibleElements={tables.length > 60}
      aria-label={t("nav.pages.database.diagram")}
      className="diagram"
    >
      <Background color="var(--line-strong)" gap={20} />
      <Controls showInteractive={false} />
      {tables.length > 8 && <MiniMap pannable zoomable nodeColor="var(--line-strong)" bgColor="var(--panel)" maskColor="color-mix(in srgb, var(--bg) 70%, transparent)" />}
    </ReactFlow>
  );
}

function TableBox({ data: { table, links, led, onOpen } }: NodeProps<TableNode>) {
  const keys = new Map(links.map((l) => [l.fromColumn, l.target]));
  const hidden = "!size-1.5 !min-h-0 !min-w-0 !border-0 !bg-line-strong";
  return (
    <div className="overflow-hidden rounded-md border border-line-strong bg-panel text-sm shadow-sm" style={{ width: WIDTH }}>
      <div className="flex items-center gap-2 border-b bg-raised px-2.5" style={{ height: HEAD }}>
        <button type="button" className="nodrag min-w-0 flex-1 truncate text-left font-mono font-medium hover:text-accent" onClick={() => onOpen(table.name)}>
          {table.name}
        </button>
        <Badge tone={table.rls ? "ok" : "danger"}>RLS</Badge>
      </div>
      {table.columns.map((c) => (
        <div key={c.name} className="relative flex items-center gap-1.5 px-2.5 font-mono text-xs" style={{ height: ROW }} title={keys.get(c.name) && `→ ${keys.get(c.name)}`}>
          <Handle type="target" id={c.name} position={Position.Left} isConnectable={false} className={clsx(hidden, !led.has(c.name) && "opacity-0")} />
          <Handle type="source" id={c.name} position={Position.Right} isConnectable={false} className={clsx(hidden, !keys.has(c.name) && "opacity-0")} />
          {c.pk ? <KeyRound size={11} className="shrink-0 text-accent" /> : <span className={clsx("size-[7px] shrink-0 rotate-45 border border-line-strong", !c.nullable && "bg-line-strong")} />}
          <span className={clsx("min-w-0 flex-1 truncate", keys.has(c.name) && "text-info")}>{c.name}</span>
          <span className="max-w-[50%] shrink-0 truncate text-muted">{short(c.type)}</span>
        </div>
      ))}
    </div>
  );
}

/** The names that people type: what format_type() writes is too long for a box. */
function short(type: string): string {
  return type
    .replace("character varying", "varchar")
    .replace(/^timestamp(\(\d\))? with time zone/, "timestamptz$1")
    .replace(/^(timestamp|time)(\(\d\))? without time zone/, "$1$2")
    .replace("double precision", "float8");
}
