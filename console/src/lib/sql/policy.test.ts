import { describe, expect, it } from "vitest";
import { bucketPolicy, createPolicy, dropPolicy, replacePolicy, setRls, tablePolicy } from "./policy";

describe("policies", () => {
  it("writes the tutorial's insert policy of the bucket", () => {
    expect(createPolicy(bucketPolicy("anyInsert", "images", "允许任何用户发送图片"))).toBe(
      `create policy "允许任何用户发送图片" on "storage"."objects"\n  for insert\n  to public\n  with check (bucket_id = 'images');`,
    );
  });
  it("quotes names, buckets and roles", () => {
    const sql = createPolicy({ ...bucketPolicy("anySelect", "a'b", 'x"y'), roles: ["My role"] });
    expect(sql).toBe(`create policy "x""y" on "storage"."objects"\n  for select\n  to "My role"\n  using (bucket_id = 'a''b');`);
  });
  it("writes both of the tutorial's table policies", () => {
    expect(createPolicy(tablePolicy("anySelect", "public", "messages", "r"))).toContain("for select\n  to public\n  using (true);");
    expect(createPolicy(tablePolicy("anyInsert", "public", "messages", "w"))).toContain("for insert\n  to public\n  with check (true);");
  });
  it("drops, replaces and switches", () => {
    expect(dropPolicy({ schema: "public", table: "消息", name: "p" })).toBe('drop policy "p" on "public"."消息";');
    expect(replacePolicy({ schema: "public", table: "t", name: "p" }, tablePolicy("ownRows", "public", "t", "q"))).toBe(
      'drop policy "p" on "public"."t";\ncreate policy "q" on "public"."t"\n  for all\n  to "authenticated"\n  using ((select auth.uid()) = "user_id")\n  with check ((select auth.uid()) = "user_id");',
    );
    expect(setRls("public", "order", false)).toBe('alter table "public"."order" disable row level security;');
  });
});
