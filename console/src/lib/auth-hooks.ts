import { ident } from "@/lib/sql/identifier";

export const HOOKS = ["custom_access_token", "before_user_created", "send_email", "send_sms", "password_verification_attempt", "mfa_verification_attempt"] as const;
export type HookName = (typeof HOOKS)[number];
export interface Hook {
  enabled: boolean;
  uri: string;
  /** Stars stand for one that is kept. */
  secret: string;
}

/** The function that a hook's address names. */
export function functionOf(uri: string): { schema: string; name: string } | null {
  const found = /^pg-functions:\/\/[^/]*\/([^/]+)\/([^/]+)$/.exec(uri);
  return found?.[1] && found[2] ? { schema: found[1], name: found[2] } : null;
}

export const uriOf = (schema: string, name: string) => `pg-functions://postgres/${schema}/${name}`;

/** What the service that calls the hook needs, as SQL that the owner runs. */
export function grantsFor(schema: string, name: string): string {
  return `grant usage on schema ${ident(schema)} to supabase_auth_admin;\ngrant execute on function ${ident(schema)}.${ident(name)} to supabase_auth_admin;\nrevoke execute on function ${ident(schema)}.${ident(name)} from authenticated, anon, public;`;
}

/** Why the address is wrong, as a key of the catalogue; null if it is not. */
export function uriProblem(uri: string): "hooks.badFunction" | "hooks.badAddress" | null {
  if (uri.startsWith("pg-functions:")) return functionOf(uri) ? null : "hooks.badFunction";
  try {
    const { protocol, hostname } = new URL(uri);
    if (protocol === "https:") return null;
    return protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname) ? null : "hooks.badAddress";
  } catch {
    return "hooks.badAddress";
  }
}

/** A fresh secret in the form of standard webhooks. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `v1,whsec_${btoa(String.fromCharCode(...bytes))}`;
}
