import type { ColumnInfo } from "@/lib/sql/introspect";
import { editorFor, needsText } from "@/lib/pg-types";
import type { Filter } from "@/api/rest";

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
  if (kind === "json") {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new BadValue(error instanceof Error ? error.message : String(error));
    }
  }
  if (kind === "array") {
    const t = text.trim();
    // PostgreSQL's own form is passed on as text.
    if (t.startsWith("{")) return t;
    try {
      return JSON.parse(t === "" ? "[]" : t);
    } catch (error) {
      throw new BadValue(error instanceof Error ? error.message : String(error));
    }
  }
  if (kind === "bool") return text === "true";
  return text;
}

/** The condition that a cell still holds what the page showed; none where equality is not defined or not exact. */
export function stillHolds(c: ColumnInfo, value: unknown): Filter[] {
  if (value === null || value === undefined) return [{ column: c.name, op: "is", value: "null" }];
  const kind = editorFor(c.base, c.kind);
  const exact = kind === "long" || kind === "bool" || kind === "enum" || kind === "uuid" || kind === "date" || c.base === "int2" || c.base === "int4" || needsText(c.base);
  // A long text would not fit into an address.
  return exact && display(value).length < 500 ? [{ column: c.name, op: "eq", value: display(value) }] : [];
}
