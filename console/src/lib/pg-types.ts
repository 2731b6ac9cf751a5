/** The picker's list: the names users meet in the documentation, with what they are for. */
export const COLUMN_TYPES = [
  "int8", "int4", "int2", "text", "varchar", "bool", "timestamptz", "timestamp", "date", "time", "timetz", "uuid",
  "jsonb", "json", "numeric", "float8", "float4", "bytea", "interval", "inet", "cidr", "macaddr", "point", "tsvector", "xml",
] as const;

/** Names that people type for these: the search of the picker knows them. */
export const TYPE_ALIASES: Record<string, string> = {
  int8: "bigint",
  int4: "integer int",
  int2: "smallint",
  text: "string",
  varchar: "character varying string",
  bool: "boolean",
  timestamptz: "timestamp with time zone datetime",
  timestamp: "timestamp without time zone datetime",
  jsonb: "json object",
  numeric: "decimal",
  float8: "double precision",
  float4: "real",
  bytea: "binary",
};

const INTEGERS = new Set(["int2", "int4", "int8", "smallint", "integer", "bigint"]);
export const isInteger = (type: string) => INTEGERS.has(type);

/** Types whose JSON numbers JavaScript would round; they are fetched as text. */
const EXACT = new Set(["int8", "numeric", "money"]);
export const needsText = (base: string) => EXACT.has(base);

export type Editor = "text" | "long" | "number" | "bool" | "json" | "enum" | "date" | "time" | "timestamp" | "timestamptz" | "uuid" | "array" | "bytea";

export function editorFor(base: string, kind: string): Editor {
  if (kind === "e") return "enum";
  if (kind === "a") return "array";
  switch (base) {
    case "bool":
      return "bool";
    case "json":
    case "jsonb":
      return "json";
    case "int2":
    case "int4":
    case "int8":
    case "numeric":
    case "float4":
    case "float8":
      return "number";
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "uuid":
    case "bytea":
      return base;
    case "text":
    case "varchar":
      return "long";
    default:
      return "text";
  }
}
