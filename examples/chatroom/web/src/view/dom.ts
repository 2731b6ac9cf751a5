// Making elements. Text enters the page as text nodes only, never as markup.

export type Child = Node | string | null | false;

type Attributes = Record<string, string | number | boolean | ((event: any) => void) | undefined>;

/** `on…` attributes are listeners, booleans switch an attribute on or off, the rest are attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: Child[]): void {
  for (const child of children) if (child !== null && child !== false) element.append(child);
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  send: "M4.5 12h13M12 5.500l6.500 6.500-6.500 6.500",
  picture: "M4 6.500A2.500 2.500 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v11a2.500 2.500 0 0 1-2.500 2.500h-11A2.500 2.500 0 0 1 4 17.500zM4.500 17l4.800-5 3.700 3.800 2.300-2.300 4.200 4.200M15.500 8.800h.01",
  people: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 19.500c.5-3.400 3-5.500 6.500-5.500s6 2.100 6.500 5.500M16 5a3.300 3.300 0 0 1 0 6.300M18 14.600c2 .8 3.200 2.500 3.500 4.900",
  down: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
  close: "M6 6l12 12M18 6 6 18",
  left: "M14.500 5.500 8 12l6.500 6.500",
  right: "M9.500 5.500 16 12l-6.500 6.500",
  retry: "M19.500 12a7.500 7.500 0 1 1-2.200-5.300L20 9.300M20 4.500v4.800h-4.800",
  trash: "M5 7h14M10 7V5h4v2M7 7l.8 12h8.400L17 7M10.500 10.500v5.500M13.500 10.500v5.500",
  alert: "M12 7.500v5.500M12 16.500h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  dice: "M5.500 4h13A1.500 1.500 0 0 1 20 5.500v13a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 4 18.500v-13A1.500 1.500 0 0 1 5.500 4zM8.500 8.500h.01M15.500 8.500h.01M12 12h.01M8.500 15.500h.01M15.500 15.500h.01",
  open: "M14 4.500h5.500V10M19 5l-8 8M10 5.500H6A1.500 1.500 0 0 0 4.500 7v11A1.500 1.500 0 0 0 6 19.500h11a1.500 1.500 0 0 0 1.500-1.500v-4",
  check: "M5 12.500l4.500 4.500L19 7.500",
  flame: "M12.500 3c1.200 4.200 6 5.700 6 11a6.500 6.500 0 0 1-13 0c0-3 1.800-4.600 2.900-6.600.6 1.700 1.400 2.500 2.500 2.900-.4-2.900.3-5.400 1.600-7.300z",
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(
  name: IconName,
  label: string,
  className: string,
  onclick: (event: MouseEvent) => void,
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, onclick },
    icon(name),
  );
}
