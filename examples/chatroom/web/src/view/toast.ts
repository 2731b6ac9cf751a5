import { h, icon, type IconName } from "./dom.ts";

const shelf = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

export function toast(text: string, kind: "error" | "good" = "error"): void {
  if (!shelf.isConnected) document.body.append(shelf);
  const name: IconName = kind === "good" ? "check" : "alert";
  const note = h("div", { class: `toast toast-${kind}` }, icon(name), h("span", {}, text));
  shelf.append(note);
  while (shelf.childElementCount > 3) shelf.firstElementChild?.remove();
  setTimeout(() => {
    note.classList.add("leaving");
    setTimeout(() => note.remove(), 250);
  }, 4_500);
}
