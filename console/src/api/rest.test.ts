import { describe, expect, it } from "vitest";
import { keysParam, orderParam, quoted, tableUrl, whereParam } from "./rest";

describe("PostgREST's query language", () => {
  it("quotes names and values", () => {
    expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(whereParam([{ column: "order", op: "eq", value: "1,2)" }])).toEqual([["and", '("order".eq."1,2)")']]);
  });
  it("keeps is to its words", () => {
    expect(whereParam([{ column: "a", op: "is", value: "null),x.eq.(1" }])).toEqual([["and", '("a".is.null)']]);
    expect(whereParam([{ column: "a", op: "not.is", value: "NULL" }])).toEqual([["and", '("a".not.is.null)']]);
  });
  it("searches inside text", () => {
    expect(whereParam([{ column: "a", op: "ilike", value: "x" }])).toEqual([["and", '("a".ilike."%x%")']]);
    expect(whereParam([{ column: "a", op: "in", value: "1, b" }])).toEqual([["and", '("a".in.("1","b"))']]);
  });
  it("names rows by one key or several", () => {
    expect(keysParam(["id"], [{ id: 1 }, { id: 2 }])).toEqual([["and", '("id".in.("1","2"))']]);
    expect(keysParam(["a", "b"], [{ a: 1, b: "x" }])).toEqual([["or", '(and("a".eq."1","b".eq."x"))']]);
  });
  it("sorts and escapes the path", () => {
    expect(orderParam([{ column: "消息", down: true }])).toEqual([["order", '"消息".desc']]);
    expect(tableUrl("a/b", [["and", '("x".eq."&")']])).toBe("/rest/v1/a%2Fb?and=%28%22x%22.eq.%22%26%22%29");
  });
});
