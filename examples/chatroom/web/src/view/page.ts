// The page around the wall: header, side panel, banner, typing hint, composer.

import { askAgain } from "../config.ts";
import { describeFailure } from "../errors.ts";
import { locale, t } from "../i18n/index.ts";
import type { MessageRow } from "../message.ts";
import type { Persona } from "../persona.ts";
import type { Link, Member, Room } from "../room.ts";
import { avatar } from "./avatar.ts";
import { Composer, imagesOf } from "./composer.ts";
import { openDialog } from "./dialog.ts";
import { h, icon } from "./dom.ts";
import { peopleList, peopleStack } from "./people.ts";
import { openSettings } from "./settings.ts";
import { toast } from "./toast.ts";
import { Wall } from "./wall.ts";

// Shown only if the room is not connected after this long, so that a normal start does not flash it.
const BANNER_DELAY = 1_200;

export class Page {
  private readonly header = h("header", { class: "header" });
  private readonly side = h("aside", { class: "side" });
  private readonly banner = h("div", { class: "banner", role: "status", hidden: true });
  private readonly refusal = h("div", { class: "refusal", role: "alert", hidden: true });
  private readonly typing = h("div", { class: "typing", "aria-live": "polite" });
  private readonly wall: Wall;
  private readonly composer: Composer;
  private members: Member[] = [];
  private typists: string[] = [];
  private bannerTimer: ReturnType<typeof setTimeout> | undefined;
  private wasAway = false;
  private outgoing = 0;
  private peopleDialog: HTMLDialogElement | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly room: Room,
    private readonly savePersona: (persona: Persona) => void,
  ) {
    this.wall = new Wall(room, (text) => room.sendText(text));
    this.composer = new Composer(room, () => this.wall.toBottom(false));
    const main = h(
      "main",
      { class: "room" },
      this.header,
      this.banner,
      this.refusal,
      this.wall.element,
      this.typing,
      this.composer.element,
    );
    this.acceptDrops(main);
    root.replaceChildren(this.side, main);
    this.relabel();
    this.showLink(room.link);
    this.composer.focus();
  }

  showTimeline(fresh: MessageRow[]): void {
    const { outgoing } = this.room.timeline;
    const own = outgoing.length > this.outgoing;
    this.outgoing = outgoing.length;
    this.wall.render(fresh, own);
  }

  showMembers(members: Member[]): void {
    this.members = members;
    this.renderHeader();
    this.renderSide();
    this.peopleDialog?.querySelector(".people")?.replaceWith(peopleList(members));
  }

  showTyping(names: string[]): void {
    this.typists = names;
    const texts = t();
    const [first, second] = names;
    let text = "";
    if (names.length > 2) text = texts.typingMany;
    else if (first && second) text = texts.typingTwo(first, second);
    else if (first) text = texts.typingOne(first);
    this.typing.replaceChildren(...(text ? [h("span", { class: "dots" }), text] : []));
  }

  showLink(link: Link): void {
    clearTimeout(this.bannerTimer);
    this.root.dataset["link"] = link;
    this.renderHeader();
    this.renderRefusal(link === "refused");
    if (link === "refused") {
      this.banner.hidden = true;
      return;
    }
    if (link === "live") {
      this.banner.hidden = true;
      if (this.wasAway) toast(t().restored, "good");
      this.wasAway = false;
      return;
    }
    const texts = t();
    const text = {
      connecting: texts.connecting,
      reconnecting: texts.reconnecting,
      offline: texts.offline,
      unreachable: this.unreachableText(),
    }[link];
    const reveal = () => {
      this.wasAway = link !== "connecting";
      this.banner.className = `banner banner-${link}`;
      this.banner.replaceChildren(
        link === "offline" || link === "unreachable" ? icon("alert") : h("span", { class: "spinner" }),
        h("span", { class: "banner-text" }, text),
      );
      this.banner.hidden = false;
    };
    if (link === "offline" || link === "unreachable" || !this.banner.hidden) reveal();
    else this.bannerTimer = setTimeout(reveal, BANNER_DELAY);
  }

  private unreachableText(): string {
    const { failure, connection } = this.room;
    // An answer that is an error is not silence.
    if (failure && failure.status !== 0) return `${describeFailure(failure)} · ${connection.url}`;
    return t().unreachable(connection.url);
  }

  /** Stays until the reader has mended it and tries again. */
  private renderRefusal(show: boolean): void {
    this.refusal.hidden = !show;
    const { failure, connection } = this.room;
    if (!show || !failure) {
      this.refusal.replaceChildren();
      return;
    }
    const texts = t();
    const button = (text: string, className: string, onclick: () => void) =>
      h("button", { type: "button", class: className, onclick }, text);
    this.refusal.replaceChildren(
      h("h2", {}, icon("alert"), texts.refusedTitle),
      h("p", { class: "refusal-cause" }, describeFailure(failure)),
      h("p", { class: "refusal-url" }, `${texts.refusedUrl} `, h("code", {}, connection.url)),
      h(
        "div",
        { class: "refusal-buttons" },
        button(texts.tryAgain, "button primary", () => this.room.resume()),
        !connection.served && button(texts.otherServer, "button", askAgain),
      ),
    );
  }

  private relabel(): void {
    const texts = t();
    document.title = `${texts.title} · Hearth`;
    document.documentElement.lang = locale();
    this.renderHeader();
    this.renderSide();
    this.composer.relabel();
    this.showTyping(this.typists);
    this.wall.relabel();
    const shown = !this.banner.hidden || !this.refusal.hidden;
    if (this.room.link !== "live" && shown) this.showLink(this.room.link);
  }

  private renderHeader(): void {
    const texts = t();
    const { persona } = this.room;
    this.header.replaceChildren(
      h("span", { class: "brand-mark" }, icon("flame")),
      h(
        "div",
        { class: "header-text" },
        h("h1", {}, texts.title),
        h(
          "p",
          { class: "header-state" },
          h("span", { class: "pulse" }),
          this.stateText(),
        ),
      ),
      h(
        "button",
        {
          type: "button",
          class: "ghost people-button",
          "aria-label": `${texts.onlineTitle}: ${texts.online(this.members.length)}`,
          title: texts.onlineTitle,
          onclick: () => this.openPeople(),
        },
        this.members.some((member) => !member.self) ? peopleStack(this.members) : icon("people"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "ghost persona-button",
          "aria-label": `${texts.settings}: ${persona.name}`,
          title: `${texts.settings}: ${persona.name}`,
          onclick: () => this.openSettings(),
        },
        avatar(persona.name, persona.color),
      ),
    );
  }

  private stateText(): string {
    const texts = t();
    const { link } = this.room;
    if (link === "refused" || link === "unreachable") return texts.refused;
    return this.members.length > 0 ? texts.online(this.members.length) : texts.connecting;
  }

  private renderSide(): void {
    const texts = t();
    const { persona } = this.room;
    this.side.replaceChildren(
      h(
        "button",
        { type: "button", class: "me", onclick: () => this.openSettings() },
        avatar(persona.name, persona.color, "large"),
        h(
          "span",
          { class: "me-text" },
          h("strong", {}, persona.name),
          h("small", {}, texts.settings),
        ),
      ),
      h("h2", {}, texts.onlineTitle, h("span", { class: "count" }, String(this.members.length))),
      peopleList(this.members),
      brandLine(),
    );
  }

  private openPeople(): void {
    this.peopleDialog = openDialog(
      "people-dialog",
      t().onlineTitle,
      h("div", { class: "dialog-body" }, peopleList(this.members)),
    );
    this.peopleDialog.addEventListener("close", () => {
      this.peopleDialog = null;
    });
  }

  private openSettings(): void {
    openSettings(
      this.room.persona,
      (persona) => {
        this.savePersona(persona);
        this.room.changePersona(persona);
        this.renderHeader();
        this.renderSide();
      },
      () => this.relabel(),
    );
  }

  private acceptDrops(target: HTMLElement): void {
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const leave = () => {
      depth = 0;
      target.classList.remove("dropping");
      target.removeAttribute("data-drop");
    };
    target.addEventListener("dragenter", (event) => {
      if (!hasFiles(event)) return;
      depth += 1;
      target.setAttribute("data-drop", t().dropHere);
      target.classList.add("dropping");
    });
    target.addEventListener("dragleave", () => {
      depth -= 1;
      if (depth <= 0) leave();
    });
    target.addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    target.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      leave();
      void this.composer.sendFiles(imagesOf(event.dataTransfer));
    });
  }
}

/** Broken between its parts only, and never before a dot. */
function brandLine(): HTMLElement {
  const { brand, brandParts } = t();
  const line = h("p", { class: "brand" }, h("span", { class: "brand-lead" }, brand));
  brandParts.forEach((part, index) => {
    const last = index === brandParts.length - 1;
    line.append(h("span", {}, last ? part : `${part} ·`), last ? "" : " ");
  });
  return line;
}
