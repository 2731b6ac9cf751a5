// Role, language, appearance.

import { chooseLanguage, currentLanguage, t, type Language } from "../i18n/index.ts";
import { safeColor } from "../message.ts";
import { cleanName, COLORS, NAME_LIMIT, randomName, type Persona } from "../persona.ts";
import { chooseTheme, currentTheme, type Theme } from "../theme.ts";
import { avatar } from "./avatar.ts";
import { openDialog } from "./dialog.ts";
import { h, icon } from "./dom.ts";

export function openSettings(
  persona: Persona,
  save: (persona: Persona) => void,
  relabel: () => void,
): void {
  const texts = t();
  let color = persona.color;
  const name = h("input", {
    id: "persona-name",
    class: "field",
    maxlength: NAME_LIMIT,
    autocomplete: "off",
    required: true,
    value: persona.name,
  });
  const preview = h("div", { class: "persona-preview" });
  const refresh = () => {
    const shown = cleanName(name.value) || "?";
    preview.replaceChildren(avatar(shown, color, "large"), h("strong", {}, shown));
    for (const swatch of swatches.children) {
      swatch.setAttribute("aria-checked", String((swatch as HTMLElement).dataset["color"] === color));
    }
  };
  const swatches = h("div", { class: "swatches", role: "radiogroup", "aria-label": texts.personaColor });
  for (const choice of COLORS) {
    const swatch = h("button", {
      type: "button",
      class: "swatch",
      role: "radio",
      "aria-label": choice,
      "data-color": choice,
      onclick: () => {
        color = choice;
        refresh();
      },
    });
    swatch.style.backgroundColor = safeColor(choice);
    swatches.append(swatch);
  }
  name.addEventListener("input", () => {
    name.setCustomValidity("");
    refresh();
  });
  const form = h(
    "form",
    {
      class: "dialog-body",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        const chosen = cleanName(name.value);
        if (chosen === "") {
          name.setCustomValidity(texts.personaEmpty);
          name.reportValidity();
          return;
        }
        save({ name: chosen, color });
        dialog.close();
      },
    },
    preview,
    h("label", { for: "persona-name" }, texts.personaName),
    h(
      "div",
      { class: "field-row" },
      name,
      h(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => {
            name.value = randomName();
            name.setCustomValidity("");
            color = COLORS[Math.floor(Math.random() * COLORS.length)] ?? color;
            refresh();
          },
        },
        icon("dice"),
        texts.personaRandom,
      ),
    ),
    h("span", { class: "label" }, texts.personaColor),
    swatches,
    h("button", { type: "submit", class: "button primary wide" }, texts.personaSave),
    h("hr", {}),
    h("span", { class: "label" }, texts.language),
    segments<Language>(
      texts.language,
      [
        ["zh", "中文"],
        ["en", "English"],
      ],
      currentLanguage(),
      (language) => {
        chooseLanguage(language);
        dialog.close();
        relabel();
      },
    ),
    h("span", { class: "label" }, texts.theme),
    segments<Theme>(
      texts.theme,
      [
        ["auto", texts.themeAuto],
        ["light", texts.themeLight],
        ["dark", texts.themeDark],
      ],
      currentTheme(),
      chooseTheme,
    ),
  );
  refresh();
  const dialog = openDialog("settings", texts.personaTitle, form);
  name.select();
}

function segments<T extends string>(
  label: string,
  choices: [T, string][],
  current: T,
  choose: (choice: T) => void,
): HTMLElement {
  const group = h("div", { class: "segments", role: "radiogroup", "aria-label": label });
  for (const [choice, text] of choices) {
    const button = h(
      "button",
      {
        type: "button",
        role: "radio",
        "aria-checked": String(choice === current),
        "data-choice": choice,
        onclick: () => {
          for (const other of group.children) other.setAttribute("aria-checked", String(other === button));
          choose(choice);
        },
      },
      text,
    );
    group.append(button);
  }
  return group;
}
