// Asked only where no config.json lies beside the page.

import { checked, type Connection } from "../config.ts";
import { t } from "../i18n/index.ts";
import { h, icon } from "./dom.ts";

export function connectForm(use: (connection: Connection) => void): HTMLElement {
  const texts = t();
  const url = h("input", {
    id: "connect-url",
    class: "field",
    type: "url",
    inputmode: "url",
    required: true,
    placeholder: "http://localhost:8000/apps/chatroom",
  });
  const key = h("input", {
    id: "connect-key",
    class: "field",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "eyJ…",
  });
  const problem = h("p", { class: "form-problem", role: "alert" });
  return h(
    "main",
    { class: "connect" },
    h(
      "form",
      {
        class: "card",
        onsubmit: (event: SubmitEvent) => {
          event.preventDefault();
          const connection = checked(url.value, key.value);
          if (connection) use(connection);
          else problem.textContent = texts.connectInvalid;
        },
      },
      h("span", { class: "brand-mark" }, icon("flame")),
      h("h1", {}, texts.connectTitle),
      h("p", {}, texts.connectText),
      h("label", { for: "connect-url" }, texts.connectUrl),
      url,
      h("label", { for: "connect-key" }, texts.connectKey),
      key,
      problem,
      h("button", { type: "submit", class: "button primary wide" }, texts.connectButton),
    ),
  );
}
