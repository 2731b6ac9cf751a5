// What is on the wall: rows by id, and the writer's own messages that are still on their way.
// Pure: no DOM, no network, no clock.
//
// Two promises are kept here. A row is shown once, however often it arrives (change, page, catch-up,
// answer of the insert). And an own message is shown once, although its row may arrive before the
// answer of its insert, or although that answer never arrives at all.

import type { MessageRow } from "./message.ts";

export type OutgoingState = "uploading" | "sending" | "waiting" | "failed";

/** An own message that is not a row yet. */
export interface Outgoing {
  key: string;
  username: string;
  bgcolor: string;
  text: string;
  state: OutgoingState;
  /** The highest id known when the first insert was sent: its row can only be newer. */
  sentAfter: number | null;
  /** An insert was sent whose answer is missing: the row may or may not exist. */
  uncertain: boolean;
  error: string;
  progress: number;
  /** A picture's local preview and what is left to upload. */
  picture: OutgoingPicture | null;
  createdAt: Date;
}

export interface OutgoingPicture {
  preview: string;
  blob: Blob;
  path: string;
  width: number;
  height: number;
  uploaded: boolean;
}

export class Timeline {
  private rows = new Map<number, MessageRow>();
  private order: number[] = [];
  private sorted = true;
  /** Own rows, keyed by id, remember the key they had while outgoing, so that the view keeps the element. */
  readonly keys = new Map<number, string>();
  readonly own = new Set<number>();
  outgoing: Outgoing[] = [];
  /** Rows that look like a message whose insert is in flight: shown once that insert has settled. */
  private held = new Map<number, MessageRow>();

  all(): MessageRow[] {
    if (!this.sorted) {
      this.order.sort((a, b) => a - b);
      this.sorted = true;
    }
    return this.order.map((id) => this.rows.get(id) as MessageRow);
  }

  get size(): number {
    return this.rows.size;
  }

  oldest(): number | null {
    let oldest: number | null = null;
    for (const id of this.order) if (oldest === null || id < oldest) oldest = id;
    return oldest;
  }

  newest(): number {
    let newest = 0;
    for (const id of this.order) if (id > newest) newest = id;
    for (const id of this.held.keys()) if (id > newest) newest = id;
    return newest;
  }

  /** Returns the rows that were new. */
  add(rows: MessageRow[]): MessageRow[] {
    const added: MessageRow[] = [];
    for (const row of rows) {
      if (this.rows.has(row.id) || this.held.has(row.id)) continue;
      const match = this.outgoing.find((message) => couldBe(message, row));
      if (match && match.state === "sending" && !match.uncertain) {
        this.held.set(row.id, row);
        continue;
      }
      if (match?.uncertain) {
        this.settle(match.key, row);
        added.push(row);
        continue;
      }
      this.put(row);
      added.push(row);
    }
    return added;
  }

  /** The insert answered: this outgoing message is that row. */
  settle(key: string, row: MessageRow): void {
    this.outgoing = this.outgoing.filter((message) => message.key !== key);
    this.held.delete(row.id);
    this.own.add(row.id);
    this.keys.set(row.id, key);
    this.put(row);
    this.release();
  }

  /** The insert failed. `uncertain`: it may have happened, since the answer was lost. */
  fail(key: string, state: "waiting" | "failed", error: string, uncertain: boolean): void {
    const message = this.outgoing.find((candidate) => candidate.key === key);
    if (!message) return;
    message.state = state;
    message.error = error;
    message.uncertain = message.uncertain || uncertain;
    if (message.uncertain) {
      // A row that was held for this message is its row: nobody else's insert was in flight here.
      for (const row of this.held.values()) {
        if (couldBe(message, row)) {
          this.settle(key, row);
          return;
        }
      }
    }
    this.release();
  }

  discard(key: string): void {
    this.outgoing = this.outgoing.filter((message) => message.key !== key);
    this.release();
  }

  private put(row: MessageRow): void {
    if (this.rows.has(row.id)) return;
    this.rows.set(row.id, row);
    const last = this.order[this.order.length - 1];
    if (last !== undefined && last > row.id) this.sorted = false;
    this.order.push(row.id);
  }

  /** Rows held for a message that has settled otherwise were somebody else's. */
  private release(): void {
    for (const [id, row] of this.held) {
      const claimed = this.outgoing.some(
        (message) => message.state === "sending" && couldBe(message, row),
      );
      if (claimed) continue;
      this.held.delete(id);
      this.put(row);
    }
  }
}

function couldBe(message: Outgoing, row: MessageRow): boolean {
  return (
    message.sentAfter !== null &&
    row.id > message.sentAfter &&
    row.text === message.text &&
    row.username === message.username &&
    row.bgcolor === message.bgcolor
  );
}
