// Light, dark, or what the system says. The attribute on <html> is what the style sheet looks at.

export type Theme = "auto" | "light" | "dark";

const SAVED = "chatroom.theme";

export function currentTheme(): Theme {
  try {
    const saved = localStorage.getItem(SAVED);
    if (saved === "light" || saved === "dark") return saved;
  } catch {
    // No storage: follow the system.
  }
  return "auto";
}

export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(SAVED, theme);
  } catch {
    // Chosen again next time.
  }
  applyTheme(theme);
}
