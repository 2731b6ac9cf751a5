import Papa from "papaparse";
import type { Row } from "@/api/rest";

/** A file as a table: fields by the first line, rows by field. */
export interface Parsed {
  /** Of the sheet; empty where a file has none. */
  name: string;
  fields: string[];
  rows: Row[];
}

/** What a file cannot be read for; the key is the catalogue's. */
export class BadFile extends Error {
  constructor(readonly key: "editor.fileEmpty" | "editor.fileNoHeader") {
    super(key);
  }
}

/** CSV with a head line, tab-separated text of a spreadsheet, or JSON (an array of objects). */
export function parseText(text: string): Parsed {
  const body = text.replace(/^\uFEFF/, "");
  const first = body.trimStart()[0];
  if (first === undefined) throw new BadFile("editor.fileEmpty");
  if (first === "[" || first === "{") {
    const value: unknown = JSON.parse(body);
    const list = (Array.isArray(value) ? value : [value]).filter((r): r is Row => typeof r === "object" && r !== null && !Array.isArray(r));
    return checked({ name: "", fields: [...new Set(list.flatMap((r) => Object.keys(r)))], rows: list });
  }
  const parsed = Papa.parse<Row>(body, { header: true, skipEmptyLines: "greedy" });
  const bad = parsed.errors.find((e) => e.type === "Quotes" || e.code === "TooManyFields");
  if (bad) throw new Error(`${bad.message} (${(bad.row ?? 0) + 2})`);
  return checked({ name: "", fields: (parsed.meta.fields ?? []).filter((f) => f !== ""), rows: parsed.data });
}

/** Cells of a sheet, whose first line names the fields. Days become ISO texts. */
export function fromCells(name: string, cells: readonly (readonly unknown[])[]): Parsed {
  const [head = [], ...body] = cells;
  const fields = head.map((h) => (h === null || h === undefined ? "" : String(h).trim()));
  const rows = body
    .filter((line) => line.some((c) => c !== null && c !== undefined && c !== ""))
    .map((line) => {
      const row: Row = {};
      fields.forEach((f, i) => {
        if (f !== "") row[f] = cellValue(line[i]);
      });
      return row;
    });
  return { name, fields: [...new Set(fields.filter((f) => f !== ""))], rows };
}

function cellValue(value: unknown): unknown {
  if (value === undefined) return null;
  if (!(value instanceof Date)) return value;
  const text = value.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text;
}

/** Every sheet of the file that has something in it. */
export async function readFile(file: File): Promise<Parsed[]> {
  if (!/\.xlsx$/i.test(file.name)) return [parseText(decoded(await file.arrayBuffer()))];
  const { default: readSheets } = await import("read-excel-file/browser");
  const sheets = (await readSheets(file)).map((s) => fromCells(s.sheet, s.data)).filter((s) => s.fields.length > 0 && s.rows.length > 0);
  if (sheets.length === 0) throw new BadFile("editor.fileEmpty");
  return sheets;
}

/** UTF-8, or what spreadsheets in China write where it is not. */
export function decoded(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

function checked(p: Parsed): Parsed {
  if (p.fields.length === 0) throw new BadFile("editor.fileNoHeader");
  return p;
}
