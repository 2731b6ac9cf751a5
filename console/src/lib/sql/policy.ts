import { ident, literal, qualified } from "./identifier";
import type { PolicyInfo } from "./introspect";

export type Command = PolicyInfo["command"];
export const COMMANDS: Command[] = ["SELECT", "INSERT", "UPDATE", "DELETE", "ALL"];

export interface PolicyDraft {
  schema: string;
  table: string;
  name: string;
  command: Command;
  permissive: boolean;
  roles: string[];
  /** SQL expressions as the user wrote them. */
  using: string;
  check: string;
}

/** Which of the two expressions a command has. */
export const hasUsing = (c: Command) => c !== "INSERT";
export const hasCheck = (c: Command) => c === "INSERT" || c === "UPDATE" || c === "ALL";

const role = (r: string) => (r === "public" ? "public" : ident(r));

export function createPolicy(p: PolicyDraft): string {
  const parts = [`create policy ${ident(p.name)} on ${qualified(p.schema, p.table)}`];
  if (!p.permissive) parts.push("as restrictive");
  parts.push(`for ${p.command.toLowerCase()}`);
  parts.push(`to ${(p.roles.length > 0 ? p.roles : ["public"]).map(role).join(", ")}`);
  if (hasUsing(p.command)) parts.push(`using (${p.using.trim() || "true"})`);
  if (hasCheck(p.command) && (p.check.trim() !== "" || p.command === "INSERT")) parts.push(`with check (${p.check.trim() || "true"})`);
  return `${parts.join("\n  ")};`;
}

export const dropPolicy = (p: Pick<PolicyInfo, "schema" | "table" | "name">) => `drop policy ${ident(p.name)} on ${qualified(p.schema, p.table)};`;

/** A policy's command cannot be altered, so a changed one is made anew, in one transaction. */
export const replacePolicy = (before: Pick<PolicyInfo, "schema" | "table" | "name">, after: PolicyDraft) => `${dropPolicy(before)}\n${createPolicy(after)}`;

export const setRls = (schema: string, table: string, on: boolean) => `alter table ${qualified(schema, table)} ${on ? "enable" : "disable"} row level security;`;

export const inBucket = (bucket: string) => `bucket_id = ${literal(bucket).trim()}`;

export type BucketTemplate = "anyInsert" | "anySelect" | "ownFolder" | "signedInInsert" | "anyUpdate" | "anyDelete";
export const BUCKET_TEMPLATES: BucketTemplate[] = ["anyInsert", "anySelect", "signedInInsert", "ownFolder", "anyUpdate", "anyDelete"];

/** Policies on storage.objects for one bucket; the first is the tutorial's. */
export function bucketPolicy(template: BucketTemplate, bucket: string, name: string): PolicyDraft {
  const here = inBucket(bucket);
  const base = { schema: "storage", table: "objects", name, permissive: true, roles: ["public"], using: "", check: "" };
  switch (template) {
    case "anyInsert":
      return { ...base, command: "INSERT", check: here };
    case "anySelect":
      return { ...base, command: "SELECT", using: here };
    case "signedInInsert":
      return { ...base, command: "INSERT", roles: ["authenticated"], check: here };
    case "ownFolder": {
      const own = `${here} and (storage.foldername(name))[1] = (select auth.uid())::text`;
      return { ...base, command: "ALL", roles: ["authenticated"], using: own, check: own };
    }
    case "anyUpdate":
      return { ...base, command: "UPDATE", using: here, check: here };
    case "anyDelete":
      return { ...base, command: "DELETE", using: here };
  }
}

export type TableTemplate = "anySelect" | "anyInsert" | "signedInInsert" | "ownRows" | "signedInSelect" | "updateByEmail";
export const TABLE_TEMPLATES: TableTemplate[] = ["anySelect", "anyInsert", "signedInSelect", "signedInInsert", "ownRows", "updateByEmail"];

/** Policies for a table; `owner` is the column that holds the user's id. */
export function tablePolicy(template: TableTemplate, schema: string, table: string, name: string, owner = "user_id"): PolicyDraft {
  const base = { schema, table, name, permissive: true, roles: ["public"], using: "", check: "" };
  const own = `(select auth.uid()) = ${ident(owner)}`;
  const mail = "(select auth.jwt()) ->> 'email' = \"email\"";
  switch (template) {
    case "anySelect":
      return { ...base, command: "SELECT", using: "true" };
    case "anyInsert":
      return { ...base, command: "INSERT", check: "true" };
    case "signedInSelect":
      return { ...base, command: "SELECT", roles: ["authenticated"], using: "true" };
    case "signedInInsert":
      return { ...base, command: "INSERT", roles: ["authenticated"], check: own };
    case "ownRows":
      return { ...base, command: "ALL", roles: ["authenticated"], using: own, check: own };
    case "updateByEmail":
      return { ...base, command: "UPDATE", roles: ["authenticated"], using: mail, check: mail };
  }
}
