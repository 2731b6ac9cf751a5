import { describe, expect, it } from "vitest";
import { blocksOf, mendedCount } from "./rows";

describe("blocks of rows", () => {
  it("cover what is on screen", () => {
    expect(blocksOf(0, 30, 200)).toEqual([0]);
    expect(blocksOf(190, 220, 200)).toEqual([0, 1]);
    expect(blocksOf(400, 600, 200)).toEqual([2]);
    expect(blocksOf(0, 0, 200)).toEqual([0]);
  });
  it("mend a count that was an estimate", () => {
    expect(mendedCount(1000, new Map([[0, 200]]), 200)).toBe(1000);
    expect(mendedCount(1000, new Map([[2, 200], [3, 17]]), 200)).toBe(617);
    expect(mendedCount(100, new Map([[0, 200]]), 200)).toBe(200);
    expect(mendedCount(1000, new Map([[4, 0]]), 200)).toBe(800);
    expect(mendedCount(5, new Map([[0, 0]]), 200)).toBe(0);
  });
});
