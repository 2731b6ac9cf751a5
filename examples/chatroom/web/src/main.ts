// Starts the page: find the server, take a role, enter the room.

import "./style.css";

import { findConnection, saveConnection, type Connection } from "./config.ts";
import { locale, t } from "./i18n/index.ts";
import { claimSlot, PersonaStore } from "./persona.ts";
import { Room } from "./room.ts";
import { applyTheme } from "./theme.ts";
import { connectForm } from "./view/connect.ts";
import { Page } from "./view/page.ts";
import { toast } from "./view/toast.ts";

const root = document.getElementById("app") as HTMLElement;

async function start(): Promise<void> {
  applyTheme();
  document.documentElement.lang = locale();
  document.title = `${t().title} · Hearth`;
  const [connection, slot] = await Promise.all([findConnection(), claimSlot()]);
  if (connection) {
    enter(connection, slot);
    return;
  }
  root.replaceChildren(
    connectForm((typed) => {
      saveConnection(typed);
      enter(typed, slot);
    }),
  );
}

function enter(connection: Connection, slot: number): void {
  const store = new PersonaStore(slot, connection.key.slice(-16));
  let page: Page | null = null;
  let savedOwn = 0;
  const room: Room = new Room(connection, store.load(), store.loadOwn(), {
    timeline: (fresh) => {
      const { own } = room.timeline;
      if (own.size !== savedOwn) {
        savedOwn = own.size;
        store.saveOwn(own);
      }
      page?.showTimeline(fresh);
    },
    link: (link) => page?.showLink(link),
    members: (members) => page?.showMembers(members),
    typing: (names) => page?.showTyping(names),
    problem: (text) => toast(text),
  });
  page = new Page(root, room, (persona) => store.save(persona));
  room.start();
}

void start();
