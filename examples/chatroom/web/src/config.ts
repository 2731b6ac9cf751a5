// Which server: ?url=&key= of the address first (to try the page against any application), then
// config.json beside the page (served by Hearth), then what was typed into the form.

export interface Connection {
  url: string;
  key: string;
  /** The server beside the page gave it: there is no other to choose. */
  served: boolean;
}

const SAVED = "chatroom.connection";

export async function findConnection(): Promise<Connection | null> {
  const query = new URLSearchParams(location.search);
  const typed = checked(query.get("url"), query.get("key"));
  if (typed) return typed;
  try {
    const response = await fetch("config.json", { cache: "no-store" });
    if (response.ok) {
      const body: unknown = await response.json();
      if (typeof body === "object" && body !== null) {
        const { url, key } = body as Record<string, unknown>;
        const served = checked(url, key);
        if (served) return { ...served, served: true };
      }
    }
  } catch {
    // No server beside the page: fall through to what was typed before.
  }
  try {
    const saved = JSON.parse(localStorage.getItem(SAVED) ?? "null");
    return saved ? checked(saved.url, saved.key) : null;
  } catch {
    return null;
  }
}

export function saveConnection(connection: Connection): void {
  try {
    localStorage.setItem(SAVED, JSON.stringify(connection));
  } catch {
    // Typed again next time.
  }
}

/** Starts over without what was typed: the form asks again, unless a server is beside the page. */
export function askAgain(): void {
  try {
    localStorage.removeItem(SAVED);
  } catch {
    // Nothing was saved then.
  }
  location.assign(location.pathname);
}

export function checked(url: unknown, key: unknown): Connection | null {
  if (typeof url !== "string" || typeof key !== "string" || key.trim() === "") return null;
  try {
    const parsed = new URL(url.trim(), location.href);
    if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return null;
    return { url: parsed.href.replace(/\/+$/, ""), key: key.trim(), served: false };
  } catch {
    return null;
  }
}
