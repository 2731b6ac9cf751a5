import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { BadValue, changedColumns, fromText, stillHolds } from "./values";

const col = (c: Partial<ColumnInfo>): ColumnInfo => ({ name: "x", position: 1, type: "text", base: "text", kind: "b", nullable: true, default: null, identity: "", generated: false, pk: false, unique: false, enums: null, comment: null, fk: null, ...c });

describe("values out of editors", () => {
  it("are NULL where nothing was typed and the type has no empty value", () => {
    expect(fromText("", col({ base: "bool" }))).toBe(null);
    expect(fromText("", col({ base: "int4" }))).toBe(null);
    expect(fromText("", col({ base: "timestamptz" }))).toBe(null);
    expect(fromText("", col({ base: "text" }))).toBe("");
    expect(fromText("", col({ base: "bool", nullable: false }))).toBe(false);
  });
  it("are read as JSON where they are JSON", () => {
    expect(fromText('{"a":1}', col({ base: "jsonb" }))).toEqual({ a: 1 });
    expect(fromText("[1,2]", col({ base: "_int4", kind: "a" }))).toEqual([1, 2]);
    expect(fromText("{1,2}", col({ base: "_int4", kind: "a" }))).toBe("{1,2}");
    expect(() => fromText("{", col({ base: "jsonb" }))).toThrow(BadValue);
  });
});

describe("what a cell held", () => {
  it("is asked for where the type can be compared", () => {
    expect(stillHolds(col({ base: "timestamptz" }), "2026-01-01T00:00:00.123456+00:00")).toHaveLength(1);
    expect(stillHolds(col({ base: "jsonb" }), { a: 1 })[0]?.value).toBe('{"a":1}');
    expect(stillHolds(col({ base: "json" }), { a: 1 })).toEqual([]);
    expect(stillHolds(col({}), "x".repeat(600))).toEqual([]);
    expect(stillHolds(col({ base: "json" }), null)[0]?.op).toBe("is");
  });
  it("is compared by value", () => {
    const columns = [col({ name: "a" }), col({ name: "b", base: "jsonb" })];
    expect(changedColumns({ a: "1", b: { x: [1] } }, { a: "1", b: { x: [1] } }, columns)).toEqual([]);
    expect(changedColumns({ a: "1", b: { x: [1] } }, { a: "1", b: { x: [2] } }, columns).map((c) => c.name)).toEqual(["b"]);
  });
});
