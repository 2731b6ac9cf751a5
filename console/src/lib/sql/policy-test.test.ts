import { expect, it } from "vitest";
import type { PolicyInfo } from "./introspect";
import { appliesTo, conditionCounts } from "./policy-test";

const policy = (p: Partial<PolicyInfo>): PolicyInfo => ({ schema: "public", table: "t", name: "p", command: "SELECT", permissive: true, roles: ["public"], using: "true", check: null, ...p });

it("counts per condition, with the actor's claims as one literal", () => {
  expect(conditionCounts("public", "消息", [policy({ using: "(user_id = auth.uid())" })], { role: "authenticated", userId: "a'b" })).toBe(
    `select set_config('request.jwt.claims', '{"role":"authenticated","sub":"a''b"}', true);\nselect count(*) as total, count(*) filter (where (user_id = auth.uid())) as p0 from "public"."消息";`,
  );
});

it("asks only policies for reading that name the role", () => {
  expect(appliesTo(policy({}), "anon")).toBe(true);
  expect(appliesTo(policy({ command: "INSERT" }), "anon")).toBe(false);
  expect(appliesTo(policy({ roles: ["authenticated"] }), "anon")).toBe(false);
  expect(appliesTo(policy({ command: "ALL", roles: ["authenticated"] }), "authenticated")).toBe(true);
});
