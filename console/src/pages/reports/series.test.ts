import { describe, expect, it } from "vitest";
import type { Report, ReportStep } from "@/api/operation";
import { logQuery } from "@/api/operation";
import { points, services, totals } from "./series";

const step = (at: string, seconds: number, requests: number, more: Partial<ReportStep> = {}): ReportStep => ({
  at,
  seconds,
  requests,
  services: { rest: requests },
  refused: 0,
  errors: 0,
  latency_p50_ms: null,
  latency_p95_ms: null,
  latency_p99_ms: null,
  connections: null,
  database_size: null,
  storage_size: null,
  ...more,
});
const report = (series: ReportStep[]): Report => ({ from: "2026-01-01T00:00:30Z", to: "2026-01-01T00:10:00Z", step_seconds: 60, series });

describe("points", () => {
  it("has one for every step, and the last measure stays", () => {
    const list = points(report([step("2026-01-01T00:02:00Z", 60, 6, { connections: 3 }), step("2026-01-01T00:04:00Z", 60, 2)]));
    expect(list.length).toBe(11);
    expect(list.map((p) => p["rate.rest"])).toEqual([0, 0, 6, 0, 2, 0, 0, 0, 0, 0, 0]);
    expect(list.map((p) => p.connections)).toEqual([null, null, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
  });

  it("spreads a coarse step as a rate and adds what overlaps it", () => {
    const list = points(report([step("2026-01-01T00:00:00Z", 300, 50, { errors: 5 }), step("2026-01-01T00:04:00Z", 60, 7)]));
    expect(list.map((p) => p["rate.rest"])).toEqual([10, 10, 10, 10, 17, 0, 0, 0, 0, 0, 0]);
    expect(list[0]?.failed).toBe(1);
  });

  it("is all zeros where nothing happened", () => {
    expect(points(report([])).every((p) => p.failed === 0 && p.p95 === null)).toBe(true);
    expect(totals(report([]))).toEqual({ requests: 0, failed: 0, p95: null });
  });
});

it("services come by use", () => {
  expect(services(report([step("2026-01-01T00:02:00Z", 60, 3, { services: { auth: 1, rest: 2 } })]))).toEqual(["rest", "auth"]);
});

describe("logQuery", () => {
  const filter = { source: "requests", service: "rest", level: "", q: "  ", minutes: 15, limit: 200 } as const;
  it("names only what is chosen", () => {
    expect(logQuery(filter, 1_000_000)).toBe("source=requests&limit=200&service=rest&from=1970-01-01T00%3A01%3A40.000Z");
  });
  it("does not filter other sources by service", () => {
    expect(logQuery({ ...filter, source: "auth", q: "a&b", minutes: 0 }, 0)).toBe("source=auth&limit=200&q=a%26b");
  });
});
