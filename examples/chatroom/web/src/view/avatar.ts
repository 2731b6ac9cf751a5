import { safeColor } from "../message.ts";
import { initial } from "../persona.ts";
import { h } from "./dom.ts";

export function avatar(name: string, color: string, className = ""): HTMLElement {
  const element = h("span", { class: `avatar ${className}`, "aria-hidden": "true" }, initial(name));
  // Through the object model, not a style attribute: the latter would need 'unsafe-inline'.
  element.style.backgroundColor = safeColor(color);
  return element;
}
