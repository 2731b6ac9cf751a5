import type { ColumnInfo } from "@/lib/sql/introspect";
import type { Attempt } from "./try-it";

/** Example calls, with names of the open table or function written in. */

export type Language = "js" | "python" | "curl";
export interface Example {
  key: "read" | "filter" | "insert" | "update" | "delete" | "subscribe" | "call" | "init" | "signUp" | "signIn" | "wechat" | "upload" | "publicUrl";
  code: string;
}

const s = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const py = (text: string) => JSON.stringify(text);
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : s(name));

/** A value that fits the column, as JSON has it. */
export function sample(c: ColumnInfo): unknown {
  if (c.enums?.[0] !== undefined) return c.enums[0];
  switch (c.base) {
    case "bool":
      return true;
    case "int2":
    case "int4":
    case "int8":
    case "numeric":
    case "float4":
    case "float8":
      return 1;
    case "json":
    case "jsonb":
      return {};
    case "timestamptz":
    case "timestamp":
      return "2026-01-01T00:00:00Z";
    case "date":
      return "2026-01-01";
    case "uuid":
      return "00000000-0000-0000-0000-000000000000";
    default:
      return c.kind === "a" ? [] : "text";
  }
}

function object(row: Record<string, unknown>): string {
  return `{ ${Object.entries(row).map(([k, v]) => `${key(k)}: ${typeof v === "string" ? s(v) : JSON.stringify(v)}`).join(", ")} }`;
}

function pyDict(row: Record<string, unknown>): string {
  return JSON.stringify(row).replaceAll(":true", ": True").replaceAll('":', '": ').replaceAll(",", ", ");
}

export function tableExamples(language: Language, url: string, anon: string, table: string, columns: readonly ColumnInfo[], writable: boolean): Example[] {
  const pk = columns.find((c) => c.pk) ?? columns[0];
  if (!pk) return [];
  const required = columns.filter((c) => !c.nullable && c.default === null && c.identity === "" && !c.generated);
  const body = Object.fromEntries((required.length > 0 ? required : columns.filter((c) => c.identity === "" && !c.generated).slice(0, 2)).map((c) => [c.name, sample(c)]));
  const change = columns.find((c) => !c.pk && !c.generated && c.identity === "") ?? pk;
  const patch = { [change.name]: sample(change) };
  const pkValue = sample(pk);
  const v = typeof pkValue === "string" ? s(pkValue) : JSON.stringify(pkValue);
  const rest = `${url}/rest/v1/${encodeURIComponent(table)}`;
  const eq = `${encodeURIComponent(pk.name)}=eq.${encodeURIComponent(String(pkValue))}`;
  const head = `-H "apikey: ${anon}"`;
  const shell = (x: unknown) => JSON.stringify(x).replaceAll("'", "'\\''");
  const all: Record<Language, Example[]> = {
    js: [
      { key: "read", code: `const { data, error } = await supabase\n  .from(${s(table)})\n  .select('*')\n  .order(${s(pk.name)}, { ascending: false })\n  .range(0, 9)` },
      { key: "filter", code: `const { data, error } = await supabase\n  .from(${s(table)})\n  .select('*')\n  .eq(${s(pk.name)}, ${v})` },
      { key: "insert", code: `const { data, error } = await supabase\n  .from(${s(table)})\n  .insert(${object(body)})\n  .select()` },
      { key: "update", code: `const { data, error } = await supabase\n  .from(${s(table)})\n  .update(${object(patch)})\n  .eq(${s(pk.name)}, ${v})\n  .select()` },
      { key: "delete", code: `const { error } = await supabase\n  .from(${s(table)})\n  .delete()\n  .eq(${s(pk.name)}, ${v})` },
      { key: "subscribe", code: `const channel = supabase\n  .channel('any-name')\n  .on('postgres_changes', { event: '*', schema: 'public', table: ${s(table)} }, (payload) => {\n    console.log(payload.eventType, payload.new)\n  })\n  .subscribe()` },
    ],
    python: [
      { key: "read", code: `rows = supabase.table(${py(table)}).select("*").order(${py(pk.name)}, desc=True).range(0, 9).execute()\nprint(rows.data)` },
      { key: "filter", code: `rows = supabase.table(${py(table)}).select("*").eq(${py(pk.name)}, ${JSON.stringify(pkValue)}).execute()` },
      { key: "insert", code: `row = supabase.table(${py(table)}).insert(${pyDict(body)}).execute()` },
      { key: "update", code: `row = supabase.table(${py(table)}).update(${pyDict(patch)}).eq(${py(pk.name)}, ${JSON.stringify(pkValue)}).execute()` },
      { key: "delete", code: `supabase.table(${py(table)}).delete().eq(${py(pk.name)}, ${JSON.stringify(pkValue)}).execute()` },
    ],
    curl: [
      { key: "read", code: `curl '${rest}?select=*&order=${encodeURIComponent(pk.name)}.desc&limit=10' ${head}` },
      { key: "filter", code: `curl '${rest}?select=*&${eq}' ${head}` },
      { key: "insert", code: `curl -X POST '${rest}' ${head} \\\n  -H "Content-Type: application/json" -H "Prefer: return=representation" \\\n  -d '${shell(body)}'` },
      { key: "update", code: `curl -X PATCH '${rest}?${eq}' ${head} \\\n  -H "Content-Type: application/json" -H "Prefer: return=representation" \\\n  -d '${shell(patch)}'` },
      { key: "delete", code: `curl -X DELETE '${rest}?${eq}' ${head}` },
    ],
  };
  return all[language].filter((e) => writable || e.key === "read" || e.key === "filter");
}

/** Names of a function's input arguments, out of pg_get_function_arguments. */
export function argumentNames(args: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let part = "";
  for (const ch of `${args},`) {
    if (ch === "(") depth += 1;
    if (ch === ")") depth -= 1;
    if (ch === "," && depth === 0) {
      const words = part.trim().replace(/^(IN|INOUT|VARIADIC) /, "");
      const name = /^("(?:[^"]|"")+"|\w+) \S/.exec(words)?.[1];
      if (name && !/^OUT /.test(part.trim())) out.push(name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
      part = "";
    } else part += ch;
  }
  return out;
}

export function functionExample(language: Language, url: string, anon: string, name: string, args: string): Example[] {
  const row = Object.fromEntries(argumentNames(args).map((a) => [a, "…"]));
  const empty = Object.keys(row).length === 0;
  switch (language) {
    case "js":
      return [{ key: "call", code: `const { data, error } = await supabase.rpc(${s(name)}${empty ? "" : `, ${object(row)}`})` }];
    case "python":
      return [{ key: "call", code: `result = supabase.rpc(${py(name)}, ${pyDict(row)}).execute()` }];
    default:
      return [{ key: "call", code: `curl -X POST '${url}/rest/v1/rpc/${encodeURIComponent(name)}' -H "apikey: ${anon}" \\\n  -H "Content-Type: application/json" -d '${JSON.stringify(row).replaceAll("'", "'\\''")}'` }];
  }
}

/** Beginnings of live requests to a table, one per method. */
export function tableAttempts(table: string, columns: readonly ColumnInfo[], writable: boolean): Attempt[] {
  const path = encodeURIComponent(table);
  const pk = columns.find((c) => c.pk) ?? columns[0];
  const free = columns.filter((c) => !c.generated && c.identity === "");
  const required = free.filter((c) => !c.nullable && c.default === null);
  const row = Object.fromEntries((required.length > 0 ? required : free.slice(0, 2)).map((c) => [c.name, sample(c)]));
  const change = free.find((c) => !c.pk) ?? pk;
  const one = pk ? `${path}?${encodeURIComponent(pk.name)}=eq.${encodeURIComponent(String(sample(pk)))}` : path;
  const read: Attempt = { method: "GET", path: `${path}?select=*&limit=3`, body: "" };
  if (!writable) return [read];
  return [
    read,
    { method: "POST", path, body: JSON.stringify(row, null, 2) },
    { method: "PATCH", path: one, body: JSON.stringify(change ? { [change.name]: sample(change) } : {}, null, 2) },
    { method: "DELETE", path: one, body: "" },
  ];
}

/** The beginning of a live call of a function. */
export function functionAttempts(name: string, args: string): Attempt[] {
  return [{ method: "POST", path: `rpc/${encodeURIComponent(name)}`, body: JSON.stringify(Object.fromEntries(argumentNames(args).map((a) => [a, ""])), null, 2) }];
}

export function introduction(language: Language, url: string, anon: string): Example[] {
  const q = JSON.stringify;
  switch (language) {
    case "js":
      return [
        { key: "init", code: `import { createClient } from '@supabase/supabase-js' // supabase-wechat-stable-v2\n\nconst supabase = createClient(${q(url)}, ${q(anon)})` },
        { key: "signUp", code: "const { data, error } = await supabase.auth.signUp({ email: 'me@example.com', password: 'secret-123' })" },
        { key: "signIn", code: "const { data, error } = await supabase.auth.signInWithPassword({ email: 'me@example.com', password: 'secret-123' })" },
        { key: "wechat", code: "const { code } = await wx.login()\nconst { data, error } = await supabase.auth.signInWithWechat({ code })" },
        { key: "upload", code: "const { data, error } = await supabase.storage.from('images').upload('folder/a.png', file)" },
        { key: "publicUrl", code: "const { data } = supabase.storage.from('images').getPublicUrl('folder/a.png')" },
      ];
    case "python":
      return [
        { key: "init", code: `from supabase import create_client\n\nsupabase = create_client(${q(url)}, ${q(anon)})` },
        { key: "signUp", code: 'supabase.auth.sign_up({"email": "me@example.com", "password": "secret-123"})' },
        { key: "signIn", code: 'supabase.auth.sign_in_with_password({"email": "me@example.com", "password": "secret-123"})' },
        { key: "upload", code: 'with open("a.png", "rb") as f:\n    supabase.storage.from_("images").upload("folder/a.png", f)' },
        { key: "publicUrl", code: 'supabase.storage.from_("images").get_public_url("folder/a.png")' },
      ];
    default:
      return [
        { key: "signUp", code: `curl -X POST '${url}/auth/v1/signup' -H "apikey: ${anon}" -H "Content-Type: application/json" \\\n  -d '{"email":"me@example.com","password":"secret-123"}'` },
        { key: "signIn", code: `curl -X POST '${url}/auth/v1/token?grant_type=password' -H "apikey: ${anon}" -H "Content-Type: application/json" \\\n  -d '{"email":"me@example.com","password":"secret-123"}'` },
        { key: "upload", code: `curl -X POST '${url}/storage/v1/object/images/folder/a.png' -H "apikey: ${anon}" \\\n  -H "Content-Type: image/png" --data-binary @a.png` },
        { key: "publicUrl", code: `curl '${url}/storage/v1/object/public/images/folder/a.png'` },
      ];
  }
}
