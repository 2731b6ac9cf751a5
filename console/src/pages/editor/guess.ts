import type { Row } from "@/api/rest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import type { ColumnDraft } from "@/lib/sql/table";
import type { Parsed } from "./file-rows";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?$/;
/** No leading zeros: those are codes and telephone numbers, not numbers. */
const INTEGER = /^-?(0|[1-9]\d{0,17})$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The type that all values of a column fit, `text` where nothing narrower does. */
export function guessType(values: readonly unknown[]): string {
  const given = values.filter((v) => v !== null && v !== undefined && v !== "");
  if (given.length === 0) return "text";
  const all = (test: (v: unknown) => boolean) => given.every(test);
  const text = (pattern: RegExp) => (v: unknown) => typeof v === "string" && pattern.test(v.trim());
  if (all((v) => typeof v === "object")) return "jsonb";
  if (all((v) => typeof v === "boolean" || text(/^(true|false)$/i)(v))) return "bool";
  if (all((v) => (typeof v === "number" && Number.isSafeInteger(v)) || text(INTEGER)(v))) return "int8";
  if (all((v) => typeof v === "number" || text(NUMBER)(v))) return "numeric";
  if (all(text(UUID))) return "uuid";
  if (all(text(DATE))) return "date";
  if (all((v) => text(DATE)(v) || text(MOMENT)(v))) return "timestamptz";
  return "text";
}

/** Names that PostgreSQL and clients take without quotes, where the file's allow it. */
const plainName = (field: string) => field.trim().replace(/\s+/g, "_").slice(0, 60);

/** The name, or with a number where another column has it. */
function unused(name: string, columns: readonly ColumnDraft[]): string {
  let out = name;
  for (let n = 2; columns.some((c) => c.name === out); n += 1) out = `${name}_${n}`;
  return out;
}

/** Columns for a table made from a file. A field `id` whose values tell the rows apart is its key. */
export function guessColumns(data: Parsed, newColumn: (c: Partial<ColumnDraft>) => ColumnDraft): { columns: ColumnDraft[]; mapping: Mapping } {
  const mapping: Mapping = {};
  const columns: ColumnDraft[] = [];
  const sample = data.rows.slice(0, 2000);
  const hasKey = data.fields.some((f) => f.toLowerCase() === "id");
  if (!hasKey) columns.push(newColumn({ name: "id", type: "int8", pk: true, identity: true, nullable: false }));
  for (const field of data.fields) {
    const values = sample.map((r) => r[field]);
    const name = unused(plainName(field) || "column", columns);
    const type = guessType(values);
    const pk = field.toLowerCase() === "id" && new Set(values.map(String)).size === values.length && values.every((v) => v !== null && v !== undefined && v !== "");
    columns.push(newColumn({ name, type, pk, nullable: !pk, identity: pk && type === "int8" }));
    mapping[field] = name;
  }
  return { columns, mapping };
}

/** Which column each field of a file goes to; null: left out. */
export type Mapping = Record<string, string | null>;

const same = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** By name; capitals, spaces and underscores do not count. */
export function guessMapping(fields: readonly string[], columns: readonly ColumnInfo[]): Mapping {
  const open = columns.filter((c) => !c.generated).map((c) => c.name);
  const out: Mapping = {};
  for (const f of fields) {
    const at = open.findIndex((c) => c === f);
    const near = at >= 0 ? at : open.findIndex((c) => same(c) === same(f));
    out[f] = near >= 0 ? open.splice(near, 1)[0]! : null;
  }
  return out;
}

/** A row of the file as a row of the table, before its values are read by type. */
export function mapped(row: Row, mapping: Mapping): Row {
  const out: Row = {};
  for (const [field, column] of Object.entries(mapping)) if (column !== null && field in row) out[column] = row[field];
  return out;
}
