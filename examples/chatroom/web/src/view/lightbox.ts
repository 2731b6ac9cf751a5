// One picture, large; the arrow keys go through all pictures of the room.

import { t } from "../i18n/index.ts";
import { show } from "./dialog.ts";
import { h, icon, iconButton } from "./dom.ts";

export interface LightboxPicture {
  url: string;
  label: string;
}

export function openLightbox(pictures: LightboxPicture[], start: number): void {
  let index = start;
  const image = h("img", { class: "lightbox-image", alt: "" });
  const caption = h("figcaption", {});
  const original = h(
    "a",
    { class: "ghost", target: "_blank", rel: "noopener", title: t().openOriginal, "aria-label": t().openOriginal },
    icon("open"),
  );
  const step = (by: number) => {
    index = (index + by + pictures.length) % pictures.length;
    const picture = pictures[index];
    if (!picture) return;
    image.src = picture.url;
    image.alt = picture.label;
    original.href = picture.url;
    caption.textContent =
      pictures.length > 1 ? `${picture.label} · ${index + 1} / ${pictures.length}` : picture.label;
  };
  const dialog = h(
    "dialog",
    {
      class: "lightbox",
      "aria-label": t().picture,
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === "ArrowLeft") step(-1);
        if (event.key === "ArrowRight") step(1);
      },
    },
    h(
      "div",
      { class: "lightbox-bar" },
      original,
      iconButton("close", t().close, "ghost", () => dialog.close()),
    ),
    h("figure", { onclick: () => dialog.close() }, image, caption),
    pictures.length > 1 && iconButton("left", t().previous, "ghost lightbox-left", () => step(-1)),
    pictures.length > 1 && iconButton("right", t().next, "ghost lightbox-right", () => step(1)),
  );
  step(0);
  show(dialog);
}
