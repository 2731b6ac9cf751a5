/**
 * The only place where names and values become SQL text. Every identifier is quoted, always: that
 * needs no list of reserved words and survives quotes, spaces, capitals and any script.
 */
export function ident(name: string): string {
  if (name.length === 0) throw new Error("empty identifier");
  if (name.includes("\0")) throw new Error("identifier contains NUL");
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

/** A string constant. Backslashes go through an E'' string, so standard_conforming_strings is moot. */
export function literal(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error("number is not finite");
    return String(value);
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value.includes("\0")) throw new Error("text contains NUL");
  const doubled = value.replaceAll("'", "''");
  return doubled.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

/** `array['a', 'b']::text[]`; the empty list needs the cast. */
export function textArray(values: readonly string[]): string {
  return `array[${values.map((v) => literal(v)).join(", ")}]::text[]`;
}

/** Bytes that PostgreSQL keeps of a name; it cuts longer ones silently, so forms refuse them. */
export const MAX_IDENTIFIER_BYTES = 63;

export function identifierBytes(name: string): number {
  return new TextEncoder().encode(name).length;
}

/** What is wrong with a name that is to be given, as the catalogue's key. */
export function nameProblem(name: string, taken: readonly string[] = []): "editor.nameMissing" | "editor.nameLong" | "editor.nameTwice" | null {
  const n = name.trim();
  if (n === "") return "editor.nameMissing";
  if (identifierBytes(n) > MAX_IDENTIFIER_BYTES) return "editor.nameLong";
  return taken.includes(n) ? "editor.nameTwice" : null;
}

const TYPE = /^[a-z_][a-z0-9_]*( [a-z]+)*(\(\d+(,\s*\d+)?\))?( with(out)? time zone)?(\[\])*$/i;

/**
 * A type as it stands in a column definition. Plain type names (with modifiers and [] marks) are
 * passed on, everything else is taken as the name of a type and quoted, with its schema if it has
 * one in `schema.name` form.
 */
export function typeName(type: string): string {
  const t = type.trim();
  if (TYPE.test(t)) return t;
  const array = /(\[\])+$/.exec(t)?.[0] ?? "";
  const base = array ? t.slice(0, -array.length) : t;
  if (base.startsWith('"')) {
    // Already quoted by format_type(): pass it on only if it is well formed.
    if (/^"([^"]|"")+"(\."([^"]|"")+")?$/.test(base)) return t;
    return ident(base) + array;
  }
  return base.split(".").map(unquote).map(ident).join(".") + array;
}

function unquote(part: string): string {
  return /^".*"$/.test(part) ? part.slice(1, -1).replaceAll('""', '"') : part;
}
