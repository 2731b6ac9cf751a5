import { ident, literal, qualified } from "./identifier";
import type { ColumnInfo } from "./introspect";

/** PostgreSQL's text form of an array, nested ones included. */
export function arrayText(items: readonly unknown[]): string {
  const parts = items.map((x) => {
    if (x === null || x === undefined) return "NULL";
    if (Array.isArray(x)) return arrayText(x);
    const text = typeof x === "object" ? JSON.stringify(x) : String(x);
    return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${parts.join(",")}}`;
}

/** A value as JSON brings it, as a constant that its column takes. */
export function constant(value: unknown, c: Pick<ColumnInfo, "kind" | "base">): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "object") return literal(Array.isArray(value) && c.kind === "a" ? arrayText(value) : JSON.stringify(value)).trim();
  // A json column's texts and numbers are JSON themselves.
  if (c.base === "json" || c.base === "jsonb") return literal(JSON.stringify(value)).trim();
  return typeof value === "number" ? literal(value) : literal(String(value)).trim();
}

/** Rows as one insert statement; computed columns are left to the database. */
export function insertStatement(schema: string, table: string, columns: readonly ColumnInfo[], rows: readonly Record<string, unknown>[]): string {
  const written = columns.filter((c) => !c.generated);
  const overriding = written.some((c) => c.identity === "a") ? " overriding system value" : "";
  const values = rows.map((r) => `  (${written.map((c) => constant(r[c.name], c)).join(", ")})`);
  return `insert into ${qualified(schema, table)} (${written.map((c) => ident(c.name)).join(", ")})${overriding} values\n${values.join(",\n")};`;
}
