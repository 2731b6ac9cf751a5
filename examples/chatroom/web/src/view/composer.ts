// Where one writes. Enter sends, Shift+Enter breaks the line; while an input method composes, Enter
// belongs to it.

import { describeError } from "../errors.ts";
import { t } from "../i18n/index.ts";
import { preparePicture } from "../picture.ts";
import type { Room } from "../room.ts";
import { h, icon, iconButton } from "./dom.ts";
import { toast } from "./toast.ts";

const TEXT_LIMIT = 4_000;

export class Composer {
  readonly element: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly file: HTMLInputElement;
  private readonly add: HTMLButtonElement;
  private readonly sendButton: HTMLButtonElement;

  constructor(
    private readonly room: Room,
    private readonly sent: () => void,
  ) {
    this.input = h("textarea", { class: "composer-input", rows: 1, enterkeyhint: "send" });
    this.file = h("input", {
      type: "file",
      accept: "image/png,image/jpeg,image/gif,image/webp,image/*",
      multiple: true,
      hidden: true,
      onchange: () => {
        void this.sendFiles([...(this.file.files ?? [])]);
        this.file.value = "";
      },
    });
    this.add = iconButton("picture", "", "ghost composer-add", () => this.file.click());
    this.sendButton = h("button", { type: "submit", class: "composer-send" }, icon("send"));
    this.element = h(
      "form",
      {
        class: "composer",
        onsubmit: (event: SubmitEvent) => {
          event.preventDefault();
          this.sendText();
        },
      },
      this.add,
      this.file,
      this.input,
      this.sendButton,
    );
    this.input.addEventListener("keydown", (event) => {
      // 229 is what Safari reports for the Enter that ends a composition.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.sendText();
    });
    this.input.addEventListener("input", () => {
      this.resize();
      if (this.input.value.trim() !== "") room.typed();
    });
    this.input.addEventListener("paste", (event) => {
      const files = imagesOf(event.clipboardData);
      if (files.length === 0) return;
      event.preventDefault();
      void this.sendFiles(files);
    });
    this.relabel();
    this.sendButton.disabled = true;
  }

  relabel(): void {
    const texts = t();
    this.input.placeholder = texts.placeholder;
    this.input.setAttribute("aria-label", texts.placeholder);
    this.add.title = texts.addPicture;
    this.add.setAttribute("aria-label", texts.addPicture);
    this.sendButton.title = texts.send;
    this.sendButton.setAttribute("aria-label", texts.send);
  }

  focus(): void {
    // On a phone this would raise the keyboard over the messages.
    if (matchMedia("(hover: hover)").matches) this.input.focus();
  }

  async sendFiles(files: File[]): Promise<void> {
    for (const file of files.slice(0, 9)) {
      try {
        this.room.sendPicture(await preparePicture(file));
        this.sent();
      } catch (error) {
        toast(describeError(error));
      }
    }
  }

  private sendText(): void {
    const text = this.input.value.trim();
    if (text === "") return;
    if (text.length > TEXT_LIMIT) {
      toast(t().errorTooLong(TEXT_LIMIT));
      return;
    }
    this.input.value = "";
    this.resize();
    this.room.sendText(text);
    this.sent();
    this.input.focus();
  }

  private resize(): void {
    this.sendButton.disabled = this.input.value.trim() === "";
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
  }
}

export function imagesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}
