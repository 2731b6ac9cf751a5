import { expect, it } from "vitest";
import type { DiagramLink, DiagramTable } from "@/lib/sql/diagram";
import { heightOf, place, WIDTH } from "./layout";

const table = (oid: number, columns = 3): DiagramTable => ({
  oid,
  name: `t${oid}`,
  rls: true,
  columns: Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, type: "text", nullable: true, pk: false, unique: false, identity: false })),
});
const link = (from: number, to: number): DiagramLink => ({ name: `${from}-${to}`, from, to, fromColumn: "c0", toColumn: "c0", target: `t${to}` });

it("no two tables overlap, whatever joins them", () => {
  const tables = Array.from({ length: 12 }, (_, i) => table(i + 1, 1 + (i % 5)));
  // A loop, a key to itself, and one to a table of another schema among them.
  const places = place(tables, [link(1, 2), link(2, 3), link(3, 1), link(4, 4), link(5, 99), link(6, 2)]);
  expect(places.size).toBe(12);
  const boxes = tables.map((t) => ({ ...places.get(t.oid)!, h: heightOf(t) }));
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(i + 1)) expect(a.x + WIDTH <= b.x || b.x + WIDTH <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true);
});

it("an empty schema has no places", () => {
  expect(place([], []).size).toBe(0);
});
