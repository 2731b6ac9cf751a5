// The language: what was chosen before, else what the browser prefers, else Chinese.

import { en } from "./en.ts";
import { zh, type Texts } from "./zh.ts";

export type { Texts } from "./zh.ts";
export type Language = "zh" | "en";

const SAVED = "chatroom.language";
const catalogues: Record<Language, Texts> = { zh, en };

let language: Language = preferred();

function preferred(): Language {
  try {
    const saved = localStorage.getItem(SAVED);
    if (saved === "zh" || saved === "en") return saved;
  } catch {
    // No storage: ask the browser.
  }
  const first = navigator.languages?.[0] ?? navigator.language ?? "zh";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function currentLanguage(): Language {
  return language;
}

export function chooseLanguage(next: Language): void {
  language = next;
  try {
    localStorage.setItem(SAVED, next);
  } catch {
    // Chosen again next time.
  }
}

/** The texts of the current language. */
export function t(): Texts {
  return catalogues[language];
}

export function locale(): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}
