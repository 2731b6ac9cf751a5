import { pgQuery } from "@/api/pg";
import { literal, ident, qualified } from "@/lib/sql/identifier";
import type { ColumnInfo } from "@/lib/sql/introspect";

/** After rows brought their own numbers, the column goes on behind the largest: else the next insert meets one. */
export async function advanceIdentity(ref: string, schema: string, table: string, columns: readonly ColumnInfo[], written: readonly string[]): Promise<void> {
  const name = qualified(schema, table);
  const counted = columns.filter((c) => written.includes(c.name) && (c.identity !== "" || c.default?.startsWith("nextval(")));
  const statements = counted.map((c) => `select setval(pg_get_serial_sequence(${literal(name)}, ${literal(c.name)}), greatest((select max(${ident(c.name)}) from ${name}), 1));`);
  if (statements.length > 0) await pgQuery(ref, statements.join("\n"));
}
