// The wall of messages. Elements are kept by key, so that what a reader looks at does not flicker:
// an outgoing message becomes a row without its element being replaced.

import { t } from "../i18n/index.ts";
import { readContent, readTime, type MessageRow, type PictureContent } from "../message.ts";
import { pictureUrl } from "../picture.ts";
import type { Room } from "../room.ts";
import type { Outgoing } from "../timeline.ts";
import { avatar } from "./avatar.ts";
import { h, icon, iconButton } from "./dom.ts";
import { openLightbox, type LightboxPicture } from "./lightbox.ts";
import { clock, dayKey, dayName, fullTime } from "./times.ts";

const TOGETHER_MS = 3 * 60_000;
const NEAR_BOTTOM = 120;
const NEAR_TOP = 240;
const PICTURE_WIDTH = 300;
const PICTURE_HEIGHT = 340;

interface Item {
  key: string;
  signature: string;
  build: () => HTMLElement;
}

export class Wall {
  readonly element: HTMLElement;
  private readonly list = h("ol", { class: "wall-list", role: "log", "aria-live": "polite" });
  private readonly top = h("div", { class: "wall-top" });
  private readonly empty = h("div", { class: "empty" });
  private readonly jump: HTMLButtonElement;
  private readonly jumpText = h("span", {});
  private elements = new Map<string, { signature: string; element: HTMLElement }>();
  private unseen = 0;
  private stuck = true;

  constructor(
    private readonly room: Room,
    private readonly greet: (text: string) => void,
  ) {
    this.jump = h(
      "button",
      { type: "button", class: "jump", hidden: true, onclick: () => this.toBottom(true) },
      icon("down"),
      this.jumpText,
    );
    const scroller = h(
      "div",
      { class: "wall", tabindex: "0", onscroll: () => this.onScroll() },
      this.top,
      this.empty,
      this.list,
    );
    this.scroller = scroller;
    this.element = h("div", { class: "wall-frame" }, scroller, this.jump);
    // A window or keyboard that changes the height must not move the newest message out of sight.
    new ResizeObserver(() => {
      if (this.stuck) this.toBottom(false);
    }).observe(scroller);
  }

  private readonly scroller: HTMLElement;

  /** Renders; `fresh` are new rows, `own` says that the reader just wrote one. */
  render(fresh: MessageRow[], own: boolean): void {
    const before = { height: this.scroller.scrollHeight, top: this.scroller.scrollTop };
    const firstBefore = this.list.firstElementChild;
    this.renderTop();
    const items = this.items();
    this.reconcile(items);
    const isEmpty = this.room.loaded && items.length === 0;
    this.renderEmpty(isEmpty);
    if (own || this.stuck) {
      this.toBottom(false);
      return;
    }
    // Older messages came in above: keep the one that is being read where it is.
    if (firstBefore && this.list.firstElementChild !== firstBefore) {
      this.scroller.scrollTop = before.top + (this.scroller.scrollHeight - before.height);
    }
    this.unseen += fresh.filter((row) => !this.room.timeline.own.has(row.id)).length;
    this.renderJump();
  }

  /** The language changed: every text is made anew. */
  relabel(): void {
    for (const { element } of this.elements.values()) element.remove();
    this.elements.clear();
    this.list.replaceChildren();
    this.empty.replaceChildren();
    this.render([], false);
  }

  private renderTop(): void {
    const texts = t();
    const { room } = this;
    if (room.link === "refused" || (room.link === "unreachable" && !room.loaded)) {
      // The page says what is wrong; nothing is being loaded.
      this.top.replaceChildren();
    } else if (!room.loaded) {
      this.top.replaceChildren(h("div", { class: "spinner", role: "progressbar" }), texts.loading);
    } else if (room.loadingOlder) {
      this.top.replaceChildren(h("div", { class: "spinner", role: "progressbar" }), texts.loadingOlder);
    } else if (room.reachedStart && room.timeline.size > 0) {
      this.top.replaceChildren(h("span", { class: "start" }, texts.reachedStart));
    } else {
      this.top.replaceChildren();
    }
  }

  private renderEmpty(show: boolean): void {
    this.empty.hidden = !show;
    if (!show || this.empty.childElementCount > 0) return;
    const texts = t();
    this.empty.append(
      h("span", { class: "brand-mark large" }, icon("flame")),
      h("h2", {}, texts.emptyTitle),
      h("p", {}, texts.emptyText),
      h(
        "div",
        { class: "greetings" },
        ...texts.greetings.map((text) =>
          h("button", { type: "button", class: "button", onclick: () => this.greet(text) }, text),
        ),
      ),
    );
  }

  private items(): Item[] {
    const { timeline } = this.room;
    const items: Item[] = [];
    const now = new Date();
    let previous: { row: Speaker; time: Date } | null = null;
    const push = (speaker: Speaker, time: Date, key: string, make: (first: boolean) => Item) => {
      if (!previous || dayKey(previous.time) !== dayKey(time)) {
        const name = dayName(time, now);
        items.push({
          key: `day-${dayKey(time)}-${key}`,
          signature: name,
          build: () => h("li", { class: "day" }, h("span", {}, name)),
        });
        previous = null;
      }
      const first =
        !previous ||
        previous.row.own !== speaker.own ||
        previous.row.username !== speaker.username ||
        previous.row.bgcolor !== speaker.bgcolor ||
        time.getTime() - previous.time.getTime() > TOGETHER_MS;
      previous = { row: speaker, time };
      items.push(make(first));
    };
    for (const row of timeline.all()) {
      const time = readTime(row.timestamp);
      const own = timeline.own.has(row.id);
      const key = timeline.keys.get(row.id) ?? `row-${row.id}`;
      push({ username: row.username, bgcolor: row.bgcolor, own }, time, key, (first) => ({
        key,
        signature: `row ${first} ${own}`,
        build: () => this.buildRow(row, time, own, first),
      }));
    }
    for (const message of timeline.outgoing) {
      const { username, bgcolor } = message;
      push({ username, bgcolor, own: true }, message.createdAt, message.key, (first) => ({
        key: message.key,
        signature: `${message.state} ${message.error} ${Math.round(message.progress * 100)} ${first}`,
        build: () => this.buildOutgoing(message, first),
      }));
    }
    return items;
  }

  private reconcile(items: Item[]): void {
    const kept = new Map<string, { signature: string; element: HTMLElement }>();
    let cursor = this.list.firstElementChild;
    for (const item of items) {
      let known = this.elements.get(item.key);
      if (!known || known.signature !== item.signature) {
        const element = item.build();
        if (known) {
          element.classList.add("settled");
          if (cursor === known.element) cursor = element;
          known.element.replaceWith(element);
        }
        known = { signature: item.signature, element };
      }
      kept.set(item.key, known);
      if (known.element === cursor) cursor = cursor.nextElementSibling;
      else this.list.insertBefore(known.element, cursor);
    }
    for (const [key, { element }] of this.elements) if (!kept.has(key)) element.remove();
    this.elements = kept;
  }

  private buildRow(row: MessageRow, time: Date, own: boolean, first: boolean): HTMLElement {
    const content = readContent(row.text);
    const body =
      content.kind === "picture"
        ? this.buildPicture(row.username, content, pictureUrl(this.room.connection, content.path))
        : h("div", { class: "bubble" }, content.text);
    const stamp = h(
      "time",
      { class: "stamp", datetime: time.toISOString(), title: fullTime(time) },
      clock(time),
    );
    return this.frame(row.username, row.bgcolor, own, first, [body, stamp], { "data-id": row.id });
  }

  private buildOutgoing(message: Outgoing, first: boolean): HTMLElement {
    const texts = t();
    const { picture, state } = message;
    const body = picture
      ? this.buildPicture(
          message.username,
          { kind: "picture", path: picture.path, width: picture.width, height: picture.height },
          picture.preview,
        )
      : h("div", { class: "bubble" }, message.text);
    if (picture && state === "uploading") {
      const percent = Math.round(message.progress * 100);
      body.append(
        h(
          "div",
          { class: "upload" },
          h("progress", { max: 100, value: percent, "aria-label": texts.uploading(percent) }),
          h("span", {}, texts.uploading(percent)),
        ),
      );
    }
    const status = h("span", { class: `status status-${state}`, role: "status" });
    if (state === "failed" || state === "waiting") {
      status.append(
        icon("alert"),
        h("span", { title: message.error }, state === "failed" ? message.error || texts.failed : texts.waiting),
        iconButton("retry", texts.retry, "ghost tiny retry", () => this.room.retry(message.key)),
        iconButton("trash", texts.discard, "ghost tiny", () => this.room.discard(message.key)),
      );
    } else if (state === "uploading") {
      status.append(
        h(
          "button",
          { type: "button", class: "link", onclick: () => this.room.discard(message.key) },
          texts.cancel,
        ),
      );
    } else {
      status.append(h("span", { class: "dots", "aria-label": texts.sending }));
    }
    return this.frame(message.username, message.bgcolor, true, first, [body, status], {
      "data-state": state,
    });
  }

  private frame(
    name: string,
    color: string,
    own: boolean,
    first: boolean,
    content: HTMLElement[],
    attributes: Record<string, string | number>,
  ): HTMLElement {
    return h(
      "li",
      { class: `message ${own ? "own" : "other"} ${first ? "first" : ""}`, ...attributes },
      first ? avatar(name, color) : h("span", { class: "avatar-gap" }),
      h(
        "div",
        { class: "message-body" },
        first && !own && h("span", { class: "author" }, name),
        h("div", { class: "message-line" }, ...content),
      ),
    );
  }

  private buildPicture(name: string, content: PictureContent, url: string): HTMLElement {
    const texts = t();
    const image = h("img", {
      class: "picture",
      src: url,
      alt: texts.pictureOf(name),
      decoding: "async",
      "data-url": url,
    });
    if (content.width > 0 && content.height > 0) {
      const scale = Math.min(1, PICTURE_WIDTH / content.width, PICTURE_HEIGHT / content.height);
      image.width = Math.max(1, Math.round(content.width * scale));
      image.height = Math.max(1, Math.round(content.height * scale));
    }
    const button = h(
      "button",
      {
        type: "button",
        class: "picture-button",
        "aria-label": texts.pictureOf(name),
        onclick: () => this.preview(image),
      },
      image,
    );
    image.addEventListener("load", () => {
      if (this.stuck) this.toBottom(false);
    });
    image.addEventListener("error", () => {
      button.classList.add("gone");
      button.replaceChildren(icon("picture"), h("span", {}, texts.pictureGone));
    });
    return h("div", { class: "picture-frame" }, button);
  }

  private preview(image: HTMLImageElement): void {
    const images = [...this.list.querySelectorAll<HTMLImageElement>("img.picture")];
    const pictures: LightboxPicture[] = images.map((other) => ({
      url: other.dataset["url"] ?? other.src,
      label: other.alt,
    }));
    openLightbox(pictures, Math.max(0, images.indexOf(image)));
  }

  private onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.stuck = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    if (this.stuck) this.unseen = 0;
    this.renderJump();
    if (scrollTop < NEAR_TOP && scrollHeight > clientHeight) void this.room.loadOlder();
  }

  private renderJump(): void {
    this.jump.hidden = this.stuck;
    this.jumpText.textContent = this.unseen > 0 ? t().newMessages(this.unseen) : "";
    this.jump.setAttribute("aria-label", this.jumpText.textContent || t().toBottom);
  }

  toBottom(smooth: boolean): void {
    this.stuck = true;
    this.unseen = 0;
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: smooth ? "smooth" : "instant",
    });
    this.renderJump();
  }
}

interface Speaker {
  username: string;
  bgcolor: string;
  own: boolean;
}
