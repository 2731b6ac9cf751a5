import { describe, expect, it } from "vitest";
import type { PolicyInfo } from "./introspect";
import { attempt, claimsOf, conditionsOf, countNew, countOld, type Trial } from "./policy-test";

const policy = (p: Partial<PolicyInfo>): PolicyInfo => ({ schema: "public", table: "t", name: "p", command: "SELECT", permissive: true, roles: ["public"], using: null, check: null, ...p });
const trial = (t: Partial<Trial>): Trial => ({ act: "SELECT", schema: "public", table: "t", values: {}, where: "", ...t });

describe("conditions of an act", () => {
  const all = policy({ name: "all", command: "ALL", using: "own" });
  const read = policy({ name: "read", using: "visible" });
  const insert = policy({ name: "insert", command: "INSERT", check: "fine", roles: ["authenticated"] });
  const update = policy({ name: "update", command: "UPDATE", using: "old", check: "new" });
  const list = [all, read, insert, update];
  const names = (act: Trial["act"], role: "anon" | "authenticated" = "anon") => conditionsOf(list, act, role).map((c) => `${c.policy.name} ${c.on} ${c.sql}`);

  it("are those of the command, of ALL, and of reading where rows are named", () => {
    expect(names("SELECT")).toEqual(["all old own", "read old visible"]);
    expect(names("UPDATE")).toEqual(["all old own", "all new own", "read old visible", "update old old", "update new new"]);
    expect(names("DELETE")).toEqual(["all old own", "read old visible"]);
  });
  it("speak of the actor's role", () => {
    expect(names("INSERT")).toEqual(["all new own"]);
    expect(names("INSERT", "authenticated")).toEqual(["all new own", "insert new fine"]);
  });
});

describe("trials", () => {
  const conditions = conditionsOf([policy({ command: "INSERT", check: "a = 'x'" })], "INSERT", "anon");
  it("count what passes", () => {
    expect(countOld(trial({ where: "id = 1" }), conditions, claimsOf("anon"))).toBe(
      `select set_config('request.jwt.claims', '{"role":"anon"}', true);\nselect count(*) as total, count(*) filter (where a = 'x') as c0 from "public"."t" where id = 1;`,
    );
  });
  it("write nothing that stays", () => {
    const t = trial({ act: "INSERT", values: { 'a"b': "it's" } });
    const sql = countNew(t, conditions, "{}");
    expect(sql.startsWith("begin;")).toBe(true);
    expect(sql.endsWith("rollback;")).toBe(true);
    expect(sql).toContain(`insert into "public"."t" ("a""b") select "a""b" from json_populate_record(null::"public"."t",  E'{"a\\\\"b":"it''s"}') returning 1 as one, (a = 'x') is true as c0`);
    for (const act of ["INSERT", "UPDATE", "DELETE"] as const) expect(attempt(trial({ act, values: { a: 1 } }), false).endsWith("rollback;")).toBe(true);
  });
  it("read back what they changed, as a client's filter makes them", () => {
    expect(attempt(trial({ act: "DELETE", where: "id = 1" }), false)).toContain('delete from "public"."t" where id = 1 returning *');
    expect(attempt(trial({ act: "INSERT" }), false)).toContain('insert into "public"."t" default values;');
    expect(attempt(trial({ act: "INSERT" }), true)).toContain("returning *");
  });
});
