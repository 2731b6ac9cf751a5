// The browser's own dialog brings focus trap, Escape and inertness of what lies below.

import { t } from "../i18n/index.ts";
import { h, iconButton, type Child } from "./dom.ts";

export function openDialog(className: string, title: string, ...children: Child[]): HTMLDialogElement {
  const dialog = h(
    "dialog",
    { class: `dialog ${className}`, "aria-label": title },
    h(
      "header",
      { class: "dialog-head" },
      h("h2", {}, title),
      iconButton("close", t().close, "ghost", () => dialog.close()),
    ),
    ...children,
  );
  show(dialog);
  return dialog;
}

export function show(dialog: HTMLDialogElement): void {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
