import { describe, expect, it } from "vitest";
import { blockSize, blocksOf, endOf, reachOf } from "./rows";

describe("blocks of rows", () => {
  it("are as large as rows are small and the server allows", () => {
    expect(blockSize({ rows: 1000, size: 100_000 }, null)).toBe(200);
    expect(blockSize({ rows: 0, size: 8192 }, null)).toBe(200);
    expect(blockSize({ rows: 100, size: 10_000_000 }, null)).toBe(41);
    expect(blockSize({ rows: 10, size: 1_000_000_000 }, null)).toBe(10);
    expect(blockSize({ rows: 1000, size: 100_000 }, 50)).toBe(50);
  });
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
