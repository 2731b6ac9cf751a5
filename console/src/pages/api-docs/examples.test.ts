import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { argumentNames, functionExample, tableExamples } from "./examples";

const col = (c: Partial<ColumnInfo>): ColumnInfo => ({ name: "x", position: 1, type: "text", base: "text", kind: "b", nullable: true, default: null, identity: "", generated: false, pk: false, unique: false, enums: null, comment: null, fk: null, ...c });

describe("argument names", () => {
  it.each([
    ["name text", ["name"]],
    ["a numeric(10,2), b text DEFAULT 'x, y'::text", ["a", "b"]],
    ['"My Arg" integer, OUT total bigint', ["My Arg"]],
    ["VARIADIC items text[]", ["items"]],
    ["", []],
  ])("%s", (args, names) => expect(argumentNames(args).slice(0, names.length)).toEqual(names));
});

describe("examples", () => {
  const columns = [col({ name: "id", base: "int8", pk: true, nullable: false, identity: "d" }), col({ name: "it's", nullable: false })];
  it("asks for what is required and quotes names", () => {
    const insert = tableExamples("js", "http://x", "k", "messages", columns, true).find((e) => e.key === "insert");
    expect(insert?.code).toContain("insert({ 'it\\'s': 'text' })");
  });
  it("shows only reading for what cannot be written", () => {
    expect(tableExamples("js", "http://x", "k", "v", columns, false).map((e) => e.key)).toEqual(["read", "filter"]);
  });
  it("escapes for the shell", () => {
    const insert = tableExamples("curl", "http://x", "k", "a b", columns, true).find((e) => e.key === "insert");
    expect(insert?.code).toContain("http://x/rest/v1/a%20b");
    expect(insert?.code).toContain(`{"it'\\''s":"text"}`);
  });
  it("calls functions", () => {
    expect(functionExample("js", "u", "k", "hello", "name text")[0]?.code).toBe("const { data, error } = await supabase.rpc('hello', { name: '…' })");
  });
});
