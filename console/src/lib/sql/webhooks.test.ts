import { describe, expect, it } from "vitest";
import { readHook, saveHook, type Webhook } from "./webhooks";

const hook: Webhook = { name: `a"b`, schema: "public", table: "消息", events: ["delete", "insert"], url: "https://x.y/?q='1'", method: "POST", headers: { "X-A": "b\\c" }, params: {}, timeout: 2500 };

const hex = (texts: string[]) => [...new TextEncoder().encode(texts.map((t) => `${t}\0`).join(""))].map((b) => b.toString(16).padStart(2, "0")).join("");

describe("webhooks", () => {
  it("are triggers whose names and values stay inside their quotes", () => {
    expect(saveHook(hook)).toBe(
      `create trigger "a""b" after insert or delete on "public"."消息"\n  for each row execute function supabase_functions.http_request('https://x.y/?q=''1''', 'POST', E'{"X-A":"b\\\\\\\\c"}', '{}', '2500');`,
    );
  });

  it("replace what they were", () => {
    expect(saveHook(hook, { name: "old", schema: "s", table: "t" })).toMatch(/^drop trigger "old" on "s"\."t";\ncreate trigger/);
  });

  it("are read back from the catalogue", () => {
    const args = hex(["https://x.y/你好", "GET", '{"X-N":5}', "null", "3000"]);
    const read = readHook({ name: "n", schema: "s", table: "t", enabled: true, owned: true, type: 1 | 4 | 16, args });
    expect(read).toMatchObject({ events: ["insert", "update"], url: "https://x.y/你好", method: "GET", headers: { "X-N": "5" }, params: {}, timeout: 3000 });
  });

  it("have the function's defaults where arguments are missing or broken", () => {
    const read = readHook({ name: "n", schema: "s", table: "t", enabled: true, owned: true, type: 5, args: hex(["http://x", "POST", "no json"]) });
    expect(read).toMatchObject({ headers: { "Content-Type": "application/json" }, timeout: 1000, method: "POST" });
  });
});
