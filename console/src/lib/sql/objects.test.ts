import { expect, it } from "vitest";
import { createExtension, createIndex, createTrigger, dropIndex, dropTrigger, enableTrigger } from "./objects";

it("quotes names of triggers, tables and functions", () => {
  expect(createTrigger({ name: 't"x', schema: "public", table: "order", timing: "before", events: ["update", "insert"], each: "row", functionSchema: "public", function: "更新" })).toBe(
    'create trigger "t""x" before insert or update on "public"."order"\n  for each row execute function "public"."更新"();',
  );
  const t = { name: "a b", schema: "s", table: "t" };
  expect(dropTrigger(t)).toBe('drop trigger "a b" on "s"."t";');
  expect(enableTrigger(t, false)).toBe('alter table "s"."t" disable trigger "a b";');
});

it("quotes names of indexes and extensions", () => {
  expect(createIndex("public", "t", ["select", "b c"], "gin", true)).toBe('create unique index on "public"."t" using gin ("select", "b c");');
  expect(dropIndex("public", "i")).toBe('drop index "public"."i";');
  expect(createExtension("uuid-ossp", "extensions")).toBe('create extension if not exists "uuid-ossp" with schema "extensions" cascade;');
});
