import { useSyncExternalStore } from "react";

/** Small choices of this browser: theme, language, history. Never keys or data. */
const PREFIX = "hearth.";
const listeners = new Set<() => void>();

export function readPref<T>(key: string, fallback: T): T {
  try {
    const raw = localStorage.getItem(PREFIX + key);
    return raw === null ? fallback : (JSON.parse(raw) as T);
  } catch {
    return fallback;
  }
}

export function writePref(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Private mode or a full store: the choice lasts as long as the page.
  }
  for (const l of listeners) l();
}

export type Theme = "light" | "dark" | "system";

function subscribe(callback: () => void): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, () => readPref<Theme>("theme", "system"));
  return [
    theme,
    (next) => {
      writePref("theme", next);
      applyTheme();
    },
  ];
}

const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function applyTheme(): void {
  const theme = readPref<Theme>("theme", "system");
  const on = theme === "dark" || (theme === "system" && dark().matches);
  document.documentElement.dataset["theme"] = on ? "dark" : "light";
}

export function watchTheme(): void {
  applyTheme();
  dark().addEventListener("change", applyTheme);
}
