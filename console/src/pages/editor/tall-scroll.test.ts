import { describe, expect, it } from "vitest";
import { scaleOf, TALLEST, windowOf } from "./tall-scroll";

describe("tall scrolling", () => {
  it("is pixel for pixel while the page is tall enough", () => {
    expect(scaleOf(1000, 32, 600)).toEqual({ height: 32_000, scale: 1 });
    expect(scaleOf(3, 32, 600)).toEqual({ height: 96, scale: 1 });
    expect(scaleOf(0, 32, 600)).toEqual({ height: 0, scale: 1 });
  });
  it("reaches the last row of any number of rows", () => {
    for (const count of [1_000_000, 50_000_000]) {
      const { height, scale } = scaleOf(count, 32, 600);
      expect(height).toBe(TALLEST);
      const bottom = (height - 600) * scale;
      expect(windowOf(bottom, 600, count, 32, 0).last).toBe(count);
    }
  });
  it("shows what stands in the window and a few rows around it", () => {
    expect(windowOf(0, 320, 1000, 32, 5)).toEqual({ first: 0, last: 15 });
    expect(windowOf(3200, 320, 1000, 32, 5)).toEqual({ first: 95, last: 115 });
    expect(windowOf(0, 320, 4, 32, 5)).toEqual({ first: 0, last: 4 });
  });
});
