import type { ColumnInfo } from "@/lib/sql/introspect";
import { editorFor } from "@/lib/pg-types";
import type { Filter, Row } from "@/api/rest";

/** What a cell shows of a value. */
export function display(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** What an editor starts from: json is laid out. */
export function toText(value: unknown, c: ColumnInfo): string {
  if (value === null || value === undefined) return "";
  const kind = editorFor(c.base, c.kind);
  if (kind === "json") return JSON.stringify(value, null, 2);
  if (kind === "array") return JSON.stringify(value);
  return display(value);
}

export class BadValue extends Error {}

/** The JSON that is sent for a text typed into an editor; throws BadValue with the parser's words. */
export function fromText(text: string, c: ColumnInfo): unknown {
  const kind = editorFor(c.base, c.kind);
  // Nothing typed is a text of no letters; for all other types it is no value at all.
  if (kind !== "long" && kind !== "text" && text.trim() === "" && c.nullable) return null;
  if (kind === "json") return parsed(text);
  if (kind === "array") {
    const t = text.trim();
    // PostgreSQL's own form is passed on as text.
    if (t.startsWith("{")) return t;
    return parsed(t === "" ? "[]" : t);
  }
  if (kind === "bool") return text === "true";
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadValue(error instanceof Error ? error.message : String(error));
  }
}

/** Types that have no equality, or none that a text of theirs can be compared by. */
const INCOMPARABLE = new Set(["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "float4"]);

/** The condition that a cell still holds what the page showed; none where that cannot be said in an address. */
export function stillHolds(c: ColumnInfo, value: unknown): Filter[] {
  if (value === null || value === undefined) return [{ column: c.name, op: "is", value: "null" }];
  if (c.kind === "a" || c.kind === "c" || INCOMPARABLE.has(c.base)) return [];
  const text = display(value);
  // A long text would not fit into an address.
  return text.length < 500 ? [{ column: c.name, op: "eq", value: text }] : [];
}

/** Columns that differ between two readings of one row. */
export function changedColumns(before: Row, now: Row, columns: readonly ColumnInfo[]): ColumnInfo[] {
  return columns.filter((c) => JSON.stringify(before[c.name] ?? null) !== JSON.stringify(now[c.name] ?? null));
}
