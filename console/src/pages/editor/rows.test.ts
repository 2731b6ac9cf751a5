import { describe, expect, it } from "vitest";
import { blocksOf, endOf, reachOf } from "./rows";

describe("blocks of rows", () => {
  it("cover what is on screen", () => {
    expect(blocksOf(0, 30, 200)).toEqual([0]);
    expect(blocksOf(190, 220, 200)).toEqual([0, 1]);
    expect(blocksOf(400, 600, 200)).toEqual([2]);
    expect(blocksOf(0, 0, 200)).toEqual([0]);
  });
  it("say where the rows end, and how far they reach", () => {
    expect(endOf(new Map([[0, 200]]), 200)).toBe(null);
    expect(endOf(new Map([[2, 200], [3, 17]]), 200)).toBe(617);
    expect(endOf(new Map([[4, 0]]), 200)).toBe(800);
    expect(endOf(new Map([[0, 0]]), 200)).toBe(0);
    expect(reachOf(new Map([[2, 200], [3, 17]]), 200)).toBe(617);
    expect(reachOf(new Map([[7, 0]]), 200)).toBe(0);
  });
});
