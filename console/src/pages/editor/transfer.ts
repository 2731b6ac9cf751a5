import Papa from "papaparse";
import { insertRows, readRows, type Filter, type Rest, type Row, type Sort } from "@/api/rest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { editorFor } from "@/lib/pg-types";
import { display } from "./values";

export interface Parsed {
  fields: string[];
  rows: Row[];
}

/** CSV with a head line, tab-separated text of a spreadsheet, or JSON (an array of objects). */
export function parseText(text: string): Parsed {
  const body = text.replace(/^\uFEFF/, "");
  const first = body.trimStart()[0];
  if (first === "[" || first === "{") {
    const value: unknown = JSON.parse(body);
    const list = (Array.isArray(value) ? value : [value]).filter((r): r is Row => typeof r === "object" && r !== null && !Array.isArray(r));
    return { fields: [...new Set(list.flatMap((r) => Object.keys(r)))], rows: list };
  }
  const parsed = Papa.parse<Row>(body, { header: true, skipEmptyLines: "greedy" });
  const bad = parsed.errors.find((e) => e.type === "Quotes" || e.code === "TooManyFields");
  if (bad) throw new Error(`${bad.message} (${(bad.row ?? 0) + 2})`);
  return { fields: (parsed.meta.fields ?? []).filter((f) => f !== ""), rows: parsed.data };
}

/** Cells of a CSV as JSON: empty is NULL where the column takes it, json and arrays are read. */
export function convert(row: Row, columns: ReadonlyMap<string, ColumnInfo>): Row {
  const out: Row = {};
  for (const [key, value] of Object.entries(row)) {
    const c = columns.get(key);
    if (!c) continue;
    if (typeof value !== "string") {
      out[key] = value;
      continue;
    }
    const kind = editorFor(c.base, c.kind);
    if (value === "" && (kind !== "long" || c.nullable)) out[key] = null;
    else if (kind === "json" || (kind === "array" && value.startsWith("["))) {
      try {
        out[key] = JSON.parse(value);
      } catch {
        out[key] = value;
      }
    } else out[key] = value;
  }
  return out;
}

export async function importRows(rest: Rest, schema: string, table: string, columns: ColumnInfo[], data: Parsed, onProgress: (done: number) => void, signal: AbortSignal): Promise<void> {
  const known = new Map(columns.filter((c) => !c.generated).map((c) => [c.name, c]));
  const fields = data.fields.filter((f) => known.has(f));
  const step = 500;
  for (let i = 0; i < data.rows.length; i += step) {
    const part = data.rows.slice(i, i + step).map((r) => convert(r, known));
    await insertRows(rest, schema, table, part, fields, signal);
    onProgress(Math.min(data.rows.length, i + step));
  }
}

/** Reads everything that the filters let through, in pages. */
export async function exportRows(rest: Rest, schema: string, table: string, columns: ColumnInfo[], filters: Filter[], sorts: Sort[], format: "csv" | "json", onProgress: (done: number) => void, signal: AbortSignal): Promise<Blob> {
  const parts: string[] = [];
  const names = columns.map((c) => c.name);
  let done = 0;
  if (format === "csv") parts.push("\uFEFF", Papa.unparse([names]), "\r\n");
  for (;;) {
    const { rows } = await readRows(rest, schema, table, columns, { filters, sorts, offset: done, limit: 1000, count: false, signal });
    if (rows.length > 0) {
      if (format === "csv") parts.push(Papa.unparse(rows.map((r) => names.map((n) => display(r[n]))), { escapeFormulae: true }), "\r\n");
      else parts.push(done === 0 ? "[\n" : ",\n", rows.map((r) => JSON.stringify(r)).join(",\n"));
    }
    done += rows.length;
    onProgress(done);
    // The server may cap answers below what was asked for; only an empty page is the end.
    if (rows.length === 0) break;
  }
  if (format === "json") parts.push(done === 0 ? "[]\n" : "\n]\n");
  return new Blob(parts, { type: format === "csv" ? "text/csv;charset=utf-8" : "application/json" });
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
