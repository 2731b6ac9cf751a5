// Who one plays: a name from the rivers and lakes, and a colour. Kept per window slot, so that two
// windows of one browser are two people, and each stays who it was after a reload.

export interface Persona {
  name: string;
  color: string;
}

const TITLES = [
  "听雨", "踏雪", "醉月", "拂柳", "问剑", "逐风", "枕云", "扫叶", "煮酒", "弄影", "追星", "寻梅",
  "独行", "无名", "铁笔", "金针", "玉面", "飞鸿", "灵犀", "归舟", "沧浪", "半闲", "不系舟", "千里",
];

const ROLES = [
  "少侠", "剑客", "书生", "刀客", "道长", "楼主", "掌柜", "镖师", "仙子", "琴师", "药郎", "渔翁",
  "女侠", "浪子", "酒仙", "棋圣", "谷主", "阁主", "信使", "夜行人",
];

/** Dark enough for white letters, far enough apart to tell people by. */
export const COLORS = [
  "#c0392b", "#b8562a", "#9a6a12", "#5f7a1f", "#2e7d4f", "#1d7f7a", "#2471a3", "#3f5fbf", "#6c4fb3",
  "#8e3f97", "#b03a6f", "#5d6673",
];

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

export function randomName(): string {
  return pick(TITLES) + pick(ROLES);
}

export function randomPersona(): Persona {
  return { name: randomName(), color: pick(COLORS) };
}

export const NAME_LIMIT = 16;

export function cleanName(name: string): string {
  return [...name.replace(/\s+/g, " ").trim()].slice(0, NAME_LIMIT).join("");
}

/** The letter on the avatar. */
export function initial(name: string): string {
  return [...name][0]?.toUpperCase() ?? "?";
}

/**
 * A number that no other open window of this browser has. Without the Web Locks API (an address that
 * is neither https nor localhost) all windows share slot 0.
 */
export async function claimSlot(): Promise<number> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return 0;
  for (let slot = 0; slot < 16; slot += 1) {
    const mine = await new Promise<boolean>((resolve) => {
      void locks
        .request(`hearth-chatroom-${slot}`, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          // Held until the window goes: the lock is released with the page.
          return lock === null ? undefined : new Promise<void>(() => {});
        })
        .catch(() => resolve(true));
    });
    if (mine) return slot;
  }
  return 0;
}

export class PersonaStore {
  /** `room` tells apart rooms behind one address: ids of another database mean other rows. */
  constructor(
    private readonly slot: number,
    private readonly room: string,
  ) {}

  load(): Persona {
    const saved = readJson(`chatroom.persona.${this.slot}`);
    if (saved && typeof saved["name"] === "string" && typeof saved["color"] === "string") {
      const name = cleanName(saved["name"]);
      if (name !== "") return { name, color: saved["color"] };
    }
    const persona = randomPersona();
    this.save(persona);
    return persona;
  }

  save(persona: Persona): void {
    writeJson(`chatroom.persona.${this.slot}`, persona);
  }

  /** Ids of the rows this window wrote, so that they stay on its own side after a reload. */
  loadOwn(): number[] {
    const saved = readJson(`chatroom.own.${this.room}.${this.slot}`);
    return Array.isArray(saved) ? saved.filter((id) => Number.isSafeInteger(id)) : [];
  }

  saveOwn(ids: Iterable<number>): void {
    writeJson(`chatroom.own.${this.room}.${this.slot}`, [...ids].sort((a, b) => a - b).slice(-1000));
  }
}

function readJson(key: string): any {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function writeJson(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be full or forbidden; the chat works without it.
  }
}
