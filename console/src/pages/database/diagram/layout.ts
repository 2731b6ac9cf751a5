import { Graph, layout } from "@dagrejs/dagre";
import type { DiagramLink, DiagramTable } from "@/lib/sql/diagram";

export const WIDTH = 260;
export const HEAD = 36;
export const ROW = 26;
/** Space between tables that nothing joins. */
const GAP = 40;

export const heightOf = (table: DiagramTable) => HEAD + table.columns.length * ROW + 2;

export interface Place {
  x: number;
  y: number;
}

/** Where each table stands: joined ones from left to right along their keys, the others below, in rows. */
export function place(tables: DiagramTable[], links: DiagramLink[]): Map<number, Place> {
  const known = new Set(tables.map((t) => t.oid));
  const inside = links.filter((l) => known.has(l.from) && known.has(l.to) && l.from !== l.to);
  const joined = new Set(inside.flatMap((l) => [l.from, l.to]));
  const places = new Map<number, Place>();
  let bottom = 0;
  if (joined.size > 0) {
    const graph = new Graph();
    graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: 90 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const t of tables) if (joined.has(t.oid)) graph.setNode(String(t.oid), { width: WIDTH, height: heightOf(t) });
    for (const l of inside) graph.setEdge(String(l.from), String(l.to));
    layout(graph);
    for (const t of tables) {
      if (!joined.has(t.oid)) continue;
      const node = graph.node(String(t.oid)) as { x: number; y: number };
      const top = node.y - heightOf(t) / 2;
      places.set(t.oid, { x: node.x - WIDTH / 2, y: top });
      bottom = Math.max(bottom, top + heightOf(t));
    }
  }
  const alone = tables.filter((t) => !joined.has(t.oid));
  const across = Math.max(3, Math.ceil(Math.sqrt(alone.length)));
  let y = joined.size > 0 ? bottom + 2 * GAP : 0;
  for (let i = 0; i < alone.length; i += across) {
    const row = alone.slice(i, i + across);
    row.forEach((t, n) => places.set(t.oid, { x: n * (WIDTH + GAP), y }));
    y += Math.max(...row.map(heightOf)) + GAP;
  }
  return places;
}
