import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

function flatten(tree: object, path = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const here = path === "" ? key : `${path}.${key}`;
    if (typeof value === "string") out.set(here, value);
    else for (const [k, v] of flatten(value as object, here)) out.set(k, v);
  }
  return out;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return e.name === "i18n" ? [] : sources(path);
    return /\.tsx?$/.test(e.name) && !/\.test\.tsx?$/.test(e.name) ? [path] : [];
  });
}

const root = join(import.meta.dirname, "..");
const chinese = flatten(zh);
const english = flatten(en);
const files = sources(root).map((path) => ({ path: path.slice(root.length + 1), text: readFileSync(path, "utf8") }));

describe("catalogues", () => {
  it("have the same keys", () => {
    // English has singulars beside them.
    const plain = [...english.keys()].filter((k) => !(k.endsWith("_one") && chinese.has(k.slice(0, -4))));
    expect(plain.sort()).toEqual([...chinese.keys()].sort());
  });

  it("fill in the same values", () => {
    const slots = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
    for (const [key, text] of chinese) expect([key, slots(english.get(key) ?? "")]).toEqual([key, slots(text)]);
  });

  it("are complete: an English text is empty only where the Chinese is, and holds no Chinese", () => {
    for (const [key, text] of chinese) {
      expect([key, english.get(key) === ""]).toEqual([key, text === ""]);
      if (key !== "shell.language") expect([key, /[\u4e00-\u9fff]/.test(english.get(key) ?? "")]).toEqual([key, false]);
    }
  });

  it("hold every key that the pages name", () => {
    const missing: string[] = [];
    for (const { path, text } of files)
      for (const [, key] of text.matchAll(/\bt\(\s*"([\w.-]+)"/g)) if (key && !chinese.has(key)) missing.push(`${path}: ${key}`);
    expect(missing).toEqual([]);
  });
});

describe("pages", () => {
  it("hold no Chinese: it stands in the catalogue", () => {
    const found = files.filter((f) => /[\u4e00-\u9fff]/.test(f.text)).map((f) => f.path);
    expect(found).toEqual([]);
  });

  it("hold no words of their own", () => {
    // Terms of SQL, HTTP and products read the same in every language.
    const terms = /^(CSV|GET|JSON|PK|POST|NOT NULL|NULL|EMPTY|RLS|Realtime|URL|Ctrl K|superuser|login|bypassrls|createdb|createrole|definer|invoker|invalid|\/rest\/v1\/)$/;
    const found: string[] = [];
    for (const { path, text } of files.filter((f) => f.path.endsWith(".tsx"))) {
      for (const [, words] of text.matchAll(/<[A-Za-z][^<>{}]*>([^<>{}]*[A-Za-z]{2,}[^<>{}]*)<\//g)) if (words && !terms.test(words.trim())) found.push(`${path}: ${words.trim()}`);
      for (const [, words] of text.matchAll(/\b(?:title|label|placeholder|description|help|aria-label|alt)="([^"]*[A-Za-z]{2,}[^"]*)"/g))
        if (words && !/^(true|column_name|Ctrl\+Enter|image\/\*|https:\/\/|NULL|RLS|PK|URL)$/.test(words)) found.push(`${path}: ${words}`);
    }
    expect(found).toEqual([]);
  });

  it("write no HTML from strings", () => {
    expect(files.filter((f) => /dangerouslySetInnerHTML|\.innerHTML|document\.write|\beval\(/.test(f.text)).map((f) => f.path)).toEqual([]);
  });

  it("stay readable in length", () => {
    expect(files.filter((f) => f.path !== "api/schema.ts" && f.text.split("\n").length > 400).map((f) => f.path)).toEqual([]);
  });
});
