// Who is in the room: a stack of avatars in the header, a list in the side panel or a dialog.

import { t } from "../i18n/index.ts";
import type { Member } from "../room.ts";
import { avatar } from "./avatar.ts";
import { h } from "./dom.ts";

const STACKED = 3;

export function peopleStack(members: Member[]): HTMLElement {
  const stack = h("span", { class: "stack" });
  // Oneself has an own button beside it.
  for (const member of members.filter((m) => !m.self).slice(0, STACKED)) {
    stack.append(avatar(member.name, member.color, "small"));
  }
  return stack;
}

export function peopleList(members: Member[]): HTMLElement {
  return h(
    "ul",
    { class: "people" },
    ...members.map((member) =>
      h(
        "li",
        {},
        avatar(member.name, member.color),
        h("span", { class: "people-name" }, member.name),
        member.self && h("span", { class: "people-self" }, t().you),
      ),
    ),
  );
}
