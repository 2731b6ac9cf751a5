import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { readPref, writePref } from "@/lib/prefs";
import { en } from "./en";
import { zh } from "./zh";

export type Language = "zh" | "en";

function initial(): Language {
  const kept = readPref<string | null>("language", null);
  if (kept === "zh" || kept === "en") return kept;
  // Chinese first: English only for a browser that asks for it and not for Chinese.
  const wanted = typeof navigator === "undefined" ? ["zh"] : navigator.languages;
  return wanted.some((l) => l.startsWith("zh")) || !wanted.some((l) => l.startsWith("en")) ? "zh" : "en";
}

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof zh };
  }
}

void i18n.use(initReactI18next).init({
  lng: initial(),
  fallbackLng: "zh",
  resources: { zh: { translation: zh }, en: { translation: en } },
  // React escapes.
  interpolation: { escapeValue: false },
  returnNull: false,
  returnEmptyString: true,
});

export function setLanguage(language: Language): void {
  writePref("language", language);
  void i18n.changeLanguage(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

if (typeof document !== "undefined") document.documentElement.lang = i18n.language === "zh" ? "zh-CN" : "en";

export default i18n;
