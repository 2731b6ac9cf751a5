import { describe, expect, it } from "vitest";
import { functionOf, grantsFor, newSecret, uriOf, uriProblem } from "./auth-hooks";

describe("hooks", () => {
  it("name a function or an address that nobody can listen in on", () => {
    expect(functionOf(uriOf("public", "my_hook"))).toEqual({ schema: "public", name: "my_hook" });
    expect(uriProblem("pg-functions://postgres/public/f")).toBeNull();
    expect(uriProblem("pg-functions://postgres/public")).toBe("hooks.badFunction");
    expect(uriProblem("https://example.com/hook")).toBeNull();
    expect(uriProblem("http://localhost:3000/hook")).toBeNull();
    expect(uriProblem("http://example.com/hook")).toBe("hooks.badAddress");
    expect(uriProblem("ftp://example.com")).toBe("hooks.badAddress");
    expect(uriProblem("")).toBe("hooks.badAddress");
  });

  it("need grants, with names quoted", () => {
    expect(grantsFor("public", 'a"b')).toContain('"a""b" to supabase_auth_admin');
  });

  it("have secrets of 32 random bytes", () => {
    expect(newSecret()).toMatch(/^v1,whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret()).not.toBe(newSecret());
  });
});
