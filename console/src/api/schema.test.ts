import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the types are those of the description: `npm run api` makes them anew", { timeout: 30_000 }, async () => {
  const { file, types } = (await import(join(import.meta.dirname, "../../api-types.mjs"))) as { file: string; types: () => Promise<string> };
  expect(readFileSync(file, "utf8")).toBe(await types());
});
