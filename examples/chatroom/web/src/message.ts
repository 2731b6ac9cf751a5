// A row of `messages` and what the chat room reads into it. Pure: no DOM, no network.

/** A row as the tutorial's table has it: `bgColor` is unquoted in its SQL, so the column is `bgcolor`. */
export interface MessageRow {
  id: number;
  username: string;
  bgcolor: string;
  text: string;
  timestamp: string;
}

export interface PictureContent {
  kind: "picture";
  path: string;
  width: number;
  height: number;
}

export interface TextContent {
  kind: "text";
  text: string;
}

export type Content = PictureContent | TextContent;

// A picture is a message whose whole text is this marker and the object's path in the bucket
// `images`. The size lets the bubble take its room before the picture has arrived. Path segments
// start with a letter or digit, so a forged row can neither climb out of the bucket nor name
// another host.
const PICTURE =
  /^\[img(?::(\d{1,5})x(\d{1,5}))?\]((?:[0-9A-Za-z][\w-]*\/)*[0-9A-Za-z][\w-]*\.(?:png|jpe?g|gif|webp))$/;

export function readContent(text: string): Content {
  const match = PICTURE.exec(text);
  if (!match) return { kind: "text", text };
  return {
    kind: "picture",
    path: match[3] ?? "",
    width: Number(match[1] ?? 0),
    height: Number(match[2] ?? 0),
  };
}

export function writePicture(path: string, width: number, height: number): string {
  return `[img:${width}x${height}]${path}`;
}

/** `timestamp` has no time zone in the tutorial's table; the database's clock is UTC. */
export function readTime(timestamp: string): Date {
  const zoned = /(?:Z|[+-]\d{2}(?::?\d{2})?)$/.test(timestamp);
  return new Date(zoned ? timestamp : `${timestamp.replace(" ", "T")}Z`);
}

const COLOR = /^#[0-9a-f]{6}$/i;

/** Rows are written by anyone, so a colour is taken only if it is one. */
export function safeColor(color: string): string {
  return COLOR.test(color) ? color : "#8a8f98";
}

/** Accepts a row from the API or from a change payload; anything else is not a message. */
export function readRow(value: unknown): MessageRow | null {
  if (typeof value !== "object" || value === null) return null;
  const row = value as Record<string, unknown>;
  const id = Number(row["id"]);
  if (!Number.isSafeInteger(id) || typeof row["text"] !== "string") return null;
  return {
    id,
    username: String(row["username"] ?? ""),
    bgcolor: String(row["bgcolor"] ?? ""),
    text: row["text"],
    timestamp: String(row["timestamp"] ?? ""),
  };
}
