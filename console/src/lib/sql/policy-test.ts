import { ident, literal, qualified } from "./identifier";
import type { PolicyInfo } from "./introspect";

/**
 * Trying out policies: what somebody may do, and which policy it is owed to. Conditions are counted
 * as the owner, whom policies do not hold back, with the actor's claims; whether the act succeeds is
 * seen by doing it as the actor. Whatever writes is rolled back.
 */

export type Role = "anon" | "authenticated";

export const ACTS = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;
export type Act = (typeof ACTS)[number];

/** An act on a table: values by column, and which rows it is about, as an SQL condition. */
export interface Trial {
  act: Act;
  schema: string;
  table: string;
  values: Record<string, unknown>;
  where: string;
}

/** A condition of a policy that the act must pass: on rows as they stand, or as they are written. */
export interface Condition {
  policy: PolicyInfo;
  on: "old" | "new";
  sql: string;
}

const speaksOf = (p: PolicyInfo, role: Role) => p.roles.includes("public") || p.roles.includes(role);

/**
 * The conditions that PostgreSQL combines for an act. Updating and deleting rows that a client
 * names by a filter also asks the policies for reading.
 */
export function conditionsOf(policies: readonly PolicyInfo[], act: Act, role: Role): Condition[] {
  const out: Condition[] = [];
  for (const policy of policies.filter((p) => speaksOf(p, role))) {
    const c = policy.command;
    const reads = act !== "INSERT" && (c === "SELECT" || c === "ALL" || c === act);
    if (reads) out.push({ policy, on: "old", sql: policy.using ?? "true" });
    if ((act === "INSERT" || act === "UPDATE") && (c === act || c === "ALL")) out.push({ policy, on: "new", sql: policy.check ?? policy.using ?? "true" });
  }
  return out;
}

/** Claims of a caller of whom nothing but the role is known. */
export const claimsOf = (role: Role) => JSON.stringify({ role });

const setClaims = (claims: string) => `select set_config('request.jwt.claims', ${literal(claims)}, true);`;
const filters = (conditions: readonly Condition[]) => conditions.map((c, i) => `, count(*) filter (where ${c.sql}) as c${i}`).join("");
const condition = (where: string) => where.trim() || "true";

function written(t: Trial): { columns: string; values: string } {
  const names = Object.keys(t.values).map(ident).join(", ");
  return { columns: names, values: `select ${names} from json_populate_record(null::${qualified(t.schema, t.table)}, ${literal(JSON.stringify(t.values))})` };
}

function statement(t: Trial): string {
  const table = qualified(t.schema, t.table);
  const w = written(t);
  switch (t.act) {
    case "SELECT":
      return `select * from ${table} where ${condition(t.where)}`;
    case "INSERT":
      return w.columns === "" ? `insert into ${table} default values` : `insert into ${table} (${w.columns}) ${w.values}`;
    case "UPDATE":
      return `update ${table} set (${w.columns}) = (${w.values}) where ${condition(t.where)}`;
    case "DELETE":
      return `delete from ${table} where ${condition(t.where)}`;
  }
}

/** As the owner: one row with the number of rows there are and of those that pass each condition on old rows. */
export function countOld(t: Trial, conditions: readonly Condition[], claims: string): string {
  return `${setClaims(claims)}\nselect count(*) as total${filters(conditions)} from ${qualified(t.schema, t.table)} where ${condition(t.where)};`;
}

/** As the owner: the same for the rows as they would be written. Rolled back. */
export function countNew(t: Trial, conditions: readonly Condition[], claims: string): string {
  const flags = conditions.map((c, i) => `, (${c.sql}) is true as c${i}`).join("");
  const counts = conditions.map((_, i) => `, count(*) filter (where c${i}) as c${i}`).join("");
  return `begin;\n${setClaims(claims)}\nwith written as (${statement(t)} returning 1 as one${flags}) select count(*) as total${counts} from written;\nrollback;`;
}

/** As the actor: the act itself, with as many rows as it reached. Rolled back. */
export function attempt(t: Trial, readBack: boolean): string {
  if (t.act === "SELECT") return `select count(*) from (${statement(t)}) as seen;`;
  // Clients name rows by a filter, and so need the right to read them.
  const returning = readBack || t.act !== "INSERT" ? " returning *" : "";
  if (returning === "") return `begin;\n${statement(t)};\nrollback;`;
  return `begin;\nwith done as (${statement(t)}${returning}) select count(*) from done;\nrollback;`;
}
