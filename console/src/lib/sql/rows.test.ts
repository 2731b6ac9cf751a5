import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "./introspect";
import { arrayText, constant, insertStatement } from "./rows";

const col = (c: Partial<ColumnInfo>): ColumnInfo => ({ name: "x", position: 1, type: "text", base: "text", kind: "b", nullable: true, default: null, identity: "", generated: false, pk: false, unique: false, enums: null, comment: null, fk: null, ...c });

describe("rows as SQL", () => {
  it("writes constants that cannot break out", () => {
    expect(constant("it's; drop table x", col({}))).toBe("'it''s; drop table x'");
    expect(constant("\\", col({}))).toBe("E'\\\\'");
    expect(constant(null, col({}))).toBe("null");
    expect(constant(true, col({ base: "bool" }))).toBe("true");
    expect(constant({ a: "'" }, col({ base: "jsonb" }))).toBe(`'{"a":"''"}'`);
    expect(constant("text", col({ base: "jsonb" }))).toBe(`'"text"'`);
    expect(constant([1, null, 'a"b'], col({ kind: "a", base: "_text" }))).toBe(`E'{"1",NULL,"a\\\\"b"}'`);
  });
  it("nests arrays", () => expect(arrayText([[1, 2], [3, 4]])).toBe('{{"1","2"},{"3","4"}}'));
  it("leaves computed columns out and keeps numbers of identity columns", () => {
    const columns = [col({ name: "id", base: "int8", identity: "a" }), col({ name: "sum", generated: true }), col({ name: 'a"b' })];
    expect(insertStatement("public", "t", columns, [{ id: "1", sum: 2, 'a"b': "v" }])).toBe(`insert into "public"."t" ("id", "a""b") overriding system value values\n  ('1', 'v');`);
  });
});
