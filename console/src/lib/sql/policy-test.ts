import { literal, qualified } from "./identifier";
import type { PolicyInfo } from "./introspect";

export interface Actor {
  role: "anon" | "authenticated";
  userId: string;
}

/** Whether a policy speaks of this role when rows are read. */
export const appliesTo = (p: PolicyInfo, role: Actor["role"]) => (p.command === "SELECT" || p.command === "ALL") && (p.roles.includes("public") || p.roles.includes(role));

/**
 * As the owner, whom policies do not hold back, with the actor's claims: how many rows there are,
 * and how many each condition lets through. The conditions come from PostgreSQL's own catalogue.
 */
export function conditionCounts(schema: string, table: string, policies: readonly PolicyInfo[], actor: Actor): string {
  const claims = JSON.stringify({ role: actor.role, ...(actor.userId ? { sub: actor.userId } : {}) });
  const columns = ["count(*) as total", ...policies.map((p, i) => `count(*) filter (where ${p.using ?? "true"}) as p${i}`)];
  return `select set_config('request.jwt.claims', ${literal(claims)}, true);\nselect ${columns.join(", ")} from ${qualified(schema, table)};`;
}

/** What the actor is shown in fact. */
export const visibleCount = (schema: string, table: string) => `select count(*) from ${qualified(schema, table)};`;
