import { describe, expect, it } from "vitest";
import { ident, identifierBytes, literal, qualified, textArray, typeName, nameProblem } from "./identifier";

describe("identifiers", () => {
  it.each([
    ["messages", '"messages"'],
    ["order", '"order"'],
    ["My Table", '"My Table"'],
    ['a"b', '"a""b"'],
    ['"; drop table x; --', '"""; drop table x; --"'],
    ["消息", '"消息"'],
    ["bgColor", '"bgColor"'],
    ["a.b", '"a.b"'],
  ])("%s", (name, quoted) => expect(ident(name)).toBe(quoted));

  it("refuses what no name can be", () => {
    expect(() => ident("")).toThrow();
    expect(() => ident("a\0b")).toThrow();
  });

  it("joins schema and name", () => {
    expect(qualified("public", "select")).toBe('"public"."select"');
  });

  it("counts bytes, not characters", () => {
    expect(identifierBytes("消息")).toBe(6);
    expect(identifierBytes("a".repeat(64))).toBe(64);
  });
});

describe("literals", () => {
  it.each([
    ["it's", "'it''s'"],
    ["'; drop table x; --", "'''; drop table x; --'"],
    ["a\\'b", " E'a\\\\''b'"],
    ["", "''"],
  ])("%s", (value, quoted) => expect(literal(value)).toBe(quoted));

  it("takes other kinds", () => {
    expect(literal(null)).toBe("null");
    expect(literal(7)).toBe("7");
    expect(literal(true)).toBe("true");
    expect(textArray([])).toBe("array[]::text[]");
    expect(textArray(["a'b"])).toBe("array['a''b']::text[]");
    expect(() => literal(Number.NaN)).toThrow();
  });
});

describe("types", () => {
  it.each([
    ["bigint", "bigint"],
    ["timestamp with time zone", "timestamp with time zone"],
    ["numeric(10,2)", "numeric(10,2)"],
    ["double precision", "double precision"],
    ["text[]", "text[]"],
    ["心情", '"心情"'],
    ["public.mood", '"public"."mood"'],
    ['"Mood"', '"Mood"'],
    ["int); drop table x; --", '"int); drop table x; --"'],
  ])("%s", (type, text) => expect(typeName(type)).toBe(text));
});

describe("names that are to be given", () => {
  it.each([
    ["messages", null],
    [" ", "editor.nameMissing"],
    ["a".repeat(63), null],
    ["a".repeat(64), "editor.nameLong"],
    ["消".repeat(21), null],
    ["消".repeat(22), "editor.nameLong"],
    ["taken", "editor.nameTwice"],
    ['it\'s a "select"', null],
  ])("%s", (name, problem) => expect(nameProblem(name, ["taken"])).toBe(problem));
});
