import { readRow, updateRow, type Filter, type Rest, type Row } from "@/api/rest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import type { Conflict } from "./conflict";
import { changedColumns, stillHolds } from "./values";

/**
 * Writes to one row if it is still what the editor was opened on; else says what it is now. The row
 * is read and compared as a whole; the changed cells are compared once more by the update itself.
 */
export async function saveRow(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], before: Row, change: Row): Promise<Conflict | null> {
  const pk = columns.filter((c) => c.pk).map((c) => c.name);
  const now = await readRow(rest, schema, table, columns, pk, before);
  if (now === null || changedColumns(before, now, columns).length > 0) return { before, now, change };
  const unchanged: Filter[] = columns.filter((c) => !c.pk && c.name in change).flatMap((c) => stillHolds(c, before[c.name]));
  if (await updateRow(rest, schema, table, pk, before, change, unchanged)) return null;
  return { before, now: await readRow(rest, schema, table, columns, pk, before), change };
}

/** Writes whatever the row has become. False: it is gone. */
export function overwriteRow(rest: Rest, schema: string, table: string, columns: readonly ColumnInfo[], conflict: Conflict): Promise<boolean> {
  const pk = columns.filter((c) => c.pk).map((c) => c.name);
  return updateRow(rest, schema, table, pk, conflict.before, conflict.change, []);
}
