import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import type { ColumnDraft } from "@/lib/sql/table";
import { BadFile, decoded, fromCells, parseText } from "./file-rows";
import { guessColumns, guessMapping, guessType, mapped } from "./guess";

describe("types of columns", () => {
  it.each([
    [["1", "-20", ""], "int8"],
    [[1, 2.5], "numeric"],
    [["1.0", "2e3"], "numeric"],
    [["007", "12"], "text"],
    [["13800000000"], "int8"],
    [["true", "FALSE", null], "bool"],
    [["2026-01-01"], "date"],
    [["2026-01-01", "2026-01-01T10:00:00Z"], "timestamptz"],
    [["2026-01-01 10:00:00+08"], "timestamptz"],
    [["f0000000-0000-4000-8000-000000000000"], "uuid"],
    [[{ a: 1 }, [1]], "jsonb"],
    [["", null], "text"],
    [["你好", "1"], "text"],
  ])("%j is %s", (values, type) => expect(guessType(values)).toBe(type));
});

describe("files", () => {
  it("are read as CSV, tab-separated text and JSON", () => {
    expect(parseText("\uFEFFa,b\n1,\"x,y\"\n").rows).toEqual([{ a: "1", b: "x,y" }]);
    expect(parseText("a\tb\n1\t2").rows).toEqual([{ a: "1", b: "2" }]);
    expect(parseText('[{"a":1},{"b":{"c":2}}]').fields).toEqual(["a", "b"]);
    expect(() => parseText("  \n ")).toThrow(BadFile);
    expect(() => parseText("[1, 2]")).toThrow(BadFile);
  });
  it("may be in the encoding of Chinese spreadsheets", () => {
    expect(decoded(new Uint8Array([0xc4, 0xe3, 0xba, 0xc3]).buffer)).toBe("你好");
    expect(decoded(new TextEncoder().encode("你好").buffer as ArrayBuffer)).toBe("你好");
  });
  it("of Excel bring days as days", () => {
    expect(fromCells("s", [["名称", "day", null], ["a", new Date("2026-01-02T00:00:00Z"), "x"], [null, null, null]])).toEqual({ name: "s", fields: ["名称", "day"], rows: [{ 名称: "a", day: "2026-01-02" }] });
  });
});

describe("where fields go", () => {
  const columns = [{ name: "user_name", generated: false }, { name: "id", generated: false }, { name: "sum", generated: true }] as ColumnInfo[];
  it("is guessed by name", () => {
    expect(guessMapping(["User Name", "ID", "sum"], columns)).toEqual({ "User Name": "user_name", ID: "id", sum: null });
  });
  it("decides what a row brings", () => expect(mapped({ a: 1, b: 2 }, { a: "x", b: null })).toEqual({ x: 1 }));
  it("is one to one for a table made from the file", () => {
    const make = (c: Partial<ColumnDraft>) => ({ id: "", name: "", type: "text", default: "", pk: false, identity: false, nullable: true, unique: false, array: false, fk: null, ...c });
    const made = guessColumns({ name: "", fields: ["full name", "age"], rows: [{ "full name": "a", age: "3" }] }, make);
    expect(made.columns.map((c) => [c.name, c.type, c.pk])).toEqual([["id", "int8", true], ["full_name", "text", false], ["age", "int8", false]]);
    expect(made.mapping).toEqual({ "full name": "full_name", age: "age" });
    const twice = guessColumns({ name: "", fields: ["a b", "a_b", "ID"], rows: [{ "a b": 1, a_b: "x", ID: 1 }] }, make);
    expect(twice.mapping).toEqual({ "a b": "a_b", a_b: "a_b_2", ID: "ID" });
    const keyed = guessColumns({ name: "", fields: ["id"], rows: [{ id: "1" }, { id: "2" }] }, make);
    expect(keyed.columns[0]).toMatchObject({ name: "id", pk: true, identity: true });
  });
});
