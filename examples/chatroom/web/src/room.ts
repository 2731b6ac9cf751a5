// The chat room as a client of Hearth: the instant API for reading and writing, a realtime channel
// for new rows, presence and typing, storage for pictures.
//
// How nothing is lost: the channel resumes (resume.js). After a dropped connection what was missed
// comes through it, in order. Only where it cannot (the first join, or after too long a time) rows are
// fetched: `syncedTo` is the id up to which every committed row is here, and the fetch reaches back
// OVERLAP ids, because ids are given before rows are committed: a smaller id can become visible after a
// greater one.

import {
  createClient,
  type RealtimeChannel,
  type SupabaseClient,
} from "@supabase/supabase-js";

import type { Connection } from "./config.ts";
import {
  describeError,
  describeFailure,
  isPassing,
  isRefusal,
  isUncertain,
  type ApiFailure,
} from "./errors.ts";
import { readRow, writePicture, type MessageRow } from "./message.ts";
import type { Persona } from "./persona.ts";
import { picturePath, randomId, upload, UploadError, type PreparedPicture } from "./picture.ts";
import { Resume } from "./resume.js";
import { Timeline, type Outgoing } from "./timeline.ts";

const PAGE = 40;
const CATCH_UP_PAGE = 200;
const OVERLAP = 100;
const REQUEST_TIMEOUT = 15_000;
const TYPING_EVERY = 2_000;
const TYPING_LASTS = 4_000;
/** How long the server may take to answer a heartbeat when the window is looked at again. */
const ANSWER_WITHIN = 3_000;
const RETRY_AFTER = [500, 1_000, 2_000, 3_000, 5_000];

/**
 * `unreachable`: the first page could not be fetched yet, and it is tried again. `refused`: the server
 * does not know the key or the application; only the reader can mend that, so nothing is tried.
 */
export type Link = "connecting" | "live" | "reconnecting" | "offline" | "unreachable" | "refused";

export interface Member {
  key: string;
  name: string;
  color: string;
  self: boolean;
}

export interface RoomEvents {
  /** Rows or outgoing messages changed; `fresh` are new rows that arrived live or by catch-up. */
  timeline(fresh: MessageRow[]): void;
  link(link: Link): void;
  members(members: Member[]): void;
  typing(names: string[]): void;
  problem(text: string): void;
}

export class Room {
  readonly timeline = new Timeline();
  link: Link = "connecting";
  /** The newest page is here. */
  loaded = false;
  reachedStart = false;
  loadingOlder = false;
  members: Member[] = [];
  /** Why the link is `unreachable` or `refused`. */
  failure: ApiFailure | null = null;

  private readonly client: SupabaseClient;
  private channel: RealtimeChannel | null = null;
  private joined = false;
  private readonly memberKey = randomId();
  private syncedTo = 0;
  private live = false;
  /** No fetch is owed: the page, or what followed a gap in the stream, is here. */
  private complete = false;
  /** Typing that is minutes old is of no interest, so broadcasts are not made up for. */
  private readonly stream = new Resume({ broadcast: false, onJoin: (gap) => this.onJoin(gap) });
  private probing: ReturnType<typeof setTimeout> | undefined;
  private syncing: Promise<void> | null = null;
  private syncAgain = false;
  private leaving: Promise<void> = Promise.resolve();
  private retries = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private draining = false;
  private uploads = new Map<string, AbortController>();
  private typists = new Map<string, { name: string; until: number }>();
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private lastTypingSent = 0;
  private lastProblem = "";

  constructor(
    readonly connection: Connection,
    public persona: Persona,
    own: number[],
    private readonly events: RoomEvents,
  ) {
    for (const id of own) this.timeline.own.add(id);
    // Nobody signs in here: the anon key is the whole identity, so no session is kept or refreshed.
    this.client = createClient(connection.url, connection.key, {
      // The room tries again by itself, and says so.
      db: { retry: false },
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      realtime: {
        heartbeatIntervalMs: 15_000,
        reconnectAfterMs: (tries: number) => [500, 1_000, 2_000, 5_000][tries - 1] ?? 5_000,
      },
    });
  }

  start(): void {
    window.addEventListener("online", () => this.wake());
    window.addEventListener("offline", () => {
      if (this.link !== "refused") this.setLink("offline");
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
    // Back from the back/forward cache, where sockets are closed silently.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.wake();
    });
    this.subscribe();
    void this.sync();
  }

  // Realtime

  private subscribe(): void {
    const channel = this.client.channel("chatroom", {
      config: { presence: { key: this.memberKey }, broadcast: { self: false } },
    });
    this.channel = channel;
    this.stream
      .follow(channel)
      .on(
        "postgres_changes",
        { event: "INSERT", schema: "public", table: "messages" },
        (change) => this.onRow(readRow(change.new)),
      )
      .on("presence", { event: "sync" }, () => this.onPresence())
      .on("broadcast", { event: "typing" }, ({ payload }) => this.onTyping(payload))
      // With a server that does not resume, a channel joins before its changes flow; this says that
      // they do, so what was committed in between is fetched once more.
      .on("system", {}, (message: { extension?: string; status?: string }) => {
        const flowing = message.extension === "postgres_changes" && message.status === "ok";
        if (flowing && this.stream.position === null) void this.sync();
      })
      .subscribe((status) => {
        if (channel !== this.channel) return;
        if (status === "SUBSCRIBED") {
          this.joined = true;
          void this.track();
          return;
        }
        this.joined = false;
        this.live = false;
        if (!navigator.onLine) this.setLink("offline");
        else if (this.loaded) this.setLink("reconnecting");
        else if (this.link !== "unreachable") this.setLink("connecting");
        if (status === "CLOSED") this.resubscribeSoon();
      });
  }

  /** The channel has joined. Without a gap what was missed follows by itself. */
  private onJoin(gap: boolean): void {
    if (gap) this.complete = false;
    // A message whose answer was lost may be a row: look before it is sent again.
    const waiting = this.timeline.outgoing.some((message) => message.state === "waiting");
    if (!this.complete || waiting) {
      void this.sync();
      return;
    }
    this.live = true;
    this.setLink("live");
  }

  /** The server closed the channel for good: a new one is needed. */
  private resubscribeSoon(): void {
    const old = this.channel;
    this.channel = null;
    setTimeout(() => {
      if (old) void this.client.removeChannel(old);
      if (this.channel === null && this.link !== "refused") this.subscribe();
    }, 1_000);
  }

  /** The window is looked at again, or the network is back: do not wait for timers. */
  private wake(): void {
    if (this.link === "refused") return;
    if (!this.client.realtime.isConnected() || !this.joined) {
      this.live = false;
      if (this.loaded) this.setLink("reconnecting");
      void this.reconnect();
      return;
    }
    this.probe();
  }

  /** A socket can die without a word while the window sleeps: it has to answer now. */
  private probe(): void {
    clearTimeout(this.probing);
    this.client.realtime.onHeartbeat((status) => {
      if (status !== "ok" || this.probing === undefined) return;
      this.stopProbing();
      if (this.joined) this.onJoin(!this.complete);
    });
    this.probing = setTimeout(() => {
      this.stopProbing();
      void this.reconnect();
    }, ANSWER_WITHIN);
    void this.client.realtime.sendHeartbeat();
  }

  private stopProbing(): void {
    clearTimeout(this.probing);
    this.probing = undefined;
  }

  private async reconnect(): Promise<void> {
    await this.client.realtime.disconnect();
    this.client.realtime.connect();
  }

  private onRow(row: MessageRow | null): void {
    if (!row) return;
    const fresh = this.timeline.add([row]);
    if (this.live && row.id > this.syncedTo) this.syncedTo = row.id;
    this.forgetTypist(row.username);
    this.events.timeline(fresh);
  }

  private async track(): Promise<void> {
    const { name, color } = this.persona;
    await this.channel?.track({ name, color });
  }

  private onPresence(): void {
    const state = this.channel?.presenceState<{ name?: string; color?: string }>() ?? {};
    const members: Member[] = [];
    for (const [key, metas] of Object.entries(state)) {
      const meta = metas[metas.length - 1];
      if (!meta || typeof meta.name !== "string") continue;
      members.push({
        key,
        name: meta.name,
        color: String(meta.color ?? ""),
        self: key === this.memberKey,
      });
    }
    members.sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name, "zh"));
    this.members = members;
    this.events.members(members);
  }

  changePersona(persona: Persona): void {
    this.persona = persona;
    if (this.joined) void this.track();
  }

  // Typing

  typed(): void {
    const now = Date.now();
    if (!this.joined || now - this.lastTypingSent < TYPING_EVERY) return;
    this.lastTypingSent = now;
    void this.channel?.send({
      type: "broadcast",
      event: "typing",
      payload: { key: this.memberKey, name: this.persona.name },
    });
  }

  private onTyping(payload: unknown): void {
    if (typeof payload !== "object" || payload === null) return;
    const { key, name } = payload as Record<string, unknown>;
    if (typeof key !== "string" || typeof name !== "string" || this.typists.size > 50) return;
    this.typists.set(key, { name: name.slice(0, 40), until: Date.now() + TYPING_LASTS });
    this.showTypists();
  }

  private forgetTypist(name: string): void {
    for (const [key, typist] of this.typists) if (typist.name === name) this.typists.delete(key);
    this.showTypists();
  }

  private showTypists(): void {
    clearTimeout(this.typingTimer);
    const now = Date.now();
    let next = Infinity;
    for (const [key, typist] of this.typists) {
      if (typist.until <= now) this.typists.delete(key);
      else next = Math.min(next, typist.until);
    }
    this.events.typing([...this.typists.values()].map((typist) => typist.name));
    if (next < Infinity) this.typingTimer = setTimeout(() => this.showTypists(), next - now + 20);
  }

  // Reading

  /** Fetches what is missing. One at a time; a call meanwhile makes it run once more. */
  sync(): Promise<void> {
    if (this.link === "refused") return Promise.resolve();
    if (this.syncing) {
      this.syncAgain = true;
      return this.syncing;
    }
    clearTimeout(this.retryTimer);
    this.syncing = this.runSync().finally(() => {
      this.syncing = null;
      if (this.syncAgain) {
        this.syncAgain = false;
        void this.sync();
      }
    });
    return this.syncing;
  }

  private async runSync(): Promise<void> {
    const joinedBefore = this.joined;
    try {
      const fresh = this.loaded ? await this.catchUp() : await this.loadNewest();
      this.retries = 0;
      this.lastProblem = "";
      this.failure = null;
      // Live only if the channel had joined before the fetch began: then nothing lies between them.
      if (joinedBefore && this.joined) {
        this.complete = true;
        this.live = true;
        this.setLink("live");
      }
      this.events.timeline(fresh);
      void this.drain(true);
    } catch (error) {
      this.onSyncFailure(toFailure(error));
    }
  }

  private onSyncFailure(failure: ApiFailure): void {
    this.live = false;
    this.failure = failure;
    if (isRefusal(failure)) {
      this.giveUp();
      return;
    }
    if (!navigator.onLine) this.setLink("offline");
    else this.setLink(this.loaded ? "reconnecting" : "unreachable");
    if (!this.loaded) this.events.timeline([]);
    const text = describeFailure(failure);
    // The banner says what is wrong while nothing is here yet.
    if (text !== this.lastProblem && !isPassing(failure)) {
      this.lastProblem = text;
      this.events.problem(text);
    }
    const delay = RETRY_AFTER[Math.min(this.retries, RETRY_AFTER.length - 1)] ?? 5_000;
    this.retries += 1;
    this.retryTimer = setTimeout(() => void this.sync(), delay);
  }

  /** Trying again by itself could not help: the reader says when. */
  private giveUp(): void {
    clearTimeout(this.retryTimer);
    const old = this.channel;
    this.stopProbing();
    this.channel = null;
    this.joined = false;
    this.syncAgain = false;
    this.setLink("refused");
    this.events.timeline([]);
    this.leaving = (async () => {
      if (old) await this.client.removeChannel(old);
      await this.client.realtime.disconnect();
    })().catch(() => {});
  }

  /** The reader's "try again" after a refusal. */
  resume(): void {
    if (this.link !== "refused") return;
    this.retries = 0;
    this.setLink("connecting");
    this.events.timeline([]);
    void this.sync();
    // A channel of the same name could not join while the old one still leaves.
    void this.leaving.then(() => {
      if (this.channel === null && this.link !== "refused") this.subscribe();
    });
  }

  private async loadNewest(): Promise<MessageRow[]> {
    const rows = await this.select((query) => query.order("id", { ascending: false }).limit(PAGE));
    this.timeline.add(rows);
    this.loaded = true;
    this.reachedStart = rows.length < PAGE;
    this.syncedTo = Math.max(this.syncedTo, ...rows.map((row) => row.id), 0);
    return [];
  }

  private async catchUp(): Promise<MessageRow[]> {
    const fresh: MessageRow[] = [];
    // Never further back than the oldest row shown: what is older belongs to "load older".
    const floor = (this.timeline.oldest() ?? 1) - 1;
    let after = Math.max(this.syncedTo - OVERLAP, Math.min(floor, this.syncedTo), 0);
    for (;;) {
      const rows = await this.select((query) =>
        query.gt("id", after).order("id", { ascending: true }).limit(CATCH_UP_PAGE),
      );
      fresh.push(...this.timeline.add(rows));
      const last = rows[rows.length - 1];
      if (last) {
        after = last.id;
        this.syncedTo = Math.max(this.syncedTo, last.id);
      }
      if (rows.length < CATCH_UP_PAGE) return fresh;
      this.events.timeline(fresh.splice(0));
    }
  }

  async loadOlder(): Promise<void> {
    const oldest = this.timeline.oldest();
    if (!this.loaded || this.reachedStart || this.loadingOlder || oldest === null) return;
    this.loadingOlder = true;
    this.events.timeline([]);
    try {
      const rows = await this.select((query) =>
        query.lt("id", oldest).order("id", { ascending: false }).limit(PAGE),
      );
      this.timeline.add(rows);
      this.reachedStart = rows.length < PAGE;
    } catch (error) {
      this.events.problem(describeFailure(toFailure(error)));
    } finally {
      this.loadingOlder = false;
      this.events.timeline([]);
    }
  }

  private messages() {
    return this.client.from("messages").select("id,username,bgcolor,text,timestamp");
  }

  private async select(
    refine: (query: ReturnType<Room["messages"]>) => PromiseLike<ApiResult> & Abortable,
  ): Promise<MessageRow[]> {
    const result = await refine(this.messages()).abortSignal(AbortSignal.timeout(REQUEST_TIMEOUT));
    if (result.error) throw failureOf(result);
    return (Array.isArray(result.data) ? result.data : []).flatMap((row) => readRow(row) ?? []);
  }

  // Writing

  sendText(text: string): void {
    // The others take the hint away with the message, so the next letter has to give it again.
    this.lastTypingSent = 0;
    this.enqueue(text, null);
    void this.drain(false);
  }

  sendPicture(picture: PreparedPicture): void {
    const path = picturePath(picture.extension);
    const { blob, width, height } = picture;
    this.enqueue(writePicture(path, width, height), {
      preview: URL.createObjectURL(blob),
      blob,
      path,
      width,
      height,
      uploaded: false,
    });
    void this.drain(false);
  }

  private enqueue(text: string, picture: Outgoing["picture"]): void {
    this.timeline.outgoing.push({
      key: randomId(),
      username: this.persona.name,
      bgcolor: this.persona.color,
      text,
      state: picture ? "uploading" : "sending",
      sentAfter: null,
      uncertain: false,
      error: "",
      progress: 0,
      picture,
      createdAt: new Date(),
    });
    this.events.timeline([]);
  }

  retry(key: string): void {
    const message = this.timeline.outgoing.find((candidate) => candidate.key === key);
    if (!message || (message.state !== "failed" && message.state !== "waiting")) return;
    message.state = "waiting";
    message.error = "";
    this.events.timeline([]);
    // A lost answer may hide a row that exists: look before inserting again.
    if (this.link === "refused") this.resume();
    else void this.sync();
  }

  discard(key: string): void {
    this.uploads.get(key)?.abort();
    const message = this.timeline.outgoing.find((candidate) => candidate.key === key);
    if (message?.picture) URL.revokeObjectURL(message.picture.preview);
    this.timeline.discard(key);
    this.events.timeline([]);
  }

  /**
   * Sends what is written, one after the other, so that messages keep their order. One that waits
   * after a failure goes only `afterSync`: its row may exist although the answer was lost.
   */
  private async drain(afterSync: boolean): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    try {
      for (;;) {
        const message = this.timeline.outgoing.find((candidate) => candidate.state !== "failed");
        if (!message) return;
        if (message.state === "waiting" && !afterSync) {
          void this.sync();
          return;
        }
        if (!(await this.deliver(message))) return;
      }
    } finally {
      this.draining = false;
    }
  }

  /** False: the network is away, the rest of the queue waits. */
  private async deliver(message: Outgoing): Promise<boolean> {
    const { picture } = message;
    if (picture && !picture.uploaded) {
      const outcome = await this.uploadPicture(message, picture);
      if (outcome !== "uploaded") return outcome === "refused";
    }
    if (!this.timeline.outgoing.includes(message)) return true;
    message.state = "sending";
    if (message.sentAfter === null) message.sentAfter = this.timeline.newest();
    this.events.timeline([]);
    const result = await this.client
      .from("messages")
      .insert({ username: message.username, bgcolor: message.bgcolor, text: message.text })
      .select("id,username,bgcolor,text,timestamp")
      .abortSignal(AbortSignal.timeout(REQUEST_TIMEOUT))
      .single();
    const row = result.error ? null : readRow(result.data);
    if (row) {
      this.timeline.settle(message.key, row);
      this.events.timeline([row]);
      return true;
    }
    const failure = failureOf(result);
    const passing = isPassing(failure);
    this.timeline.fail(
      message.key,
      passing ? "waiting" : "failed",
      describeFailure(failure),
      isUncertain(failure),
    );
    this.events.timeline([]);
    if (passing) this.onSyncFailure(failure);
    return !passing;
  }

  private async uploadPicture(
    message: Outgoing,
    picture: NonNullable<Outgoing["picture"]>,
  ): Promise<"uploaded" | "refused" | "away"> {
    message.state = "uploading";
    const abort = new AbortController();
    this.uploads.set(message.key, abort);
    try {
      await upload(
        this.connection,
        picture.path,
        picture.blob,
        (share) => {
          message.progress = share;
          this.events.timeline([]);
        },
        abort.signal,
      );
      picture.uploaded = true;
      return "uploaded";
    } catch (error) {
      if (abort.signal.aborted) return "refused";
      const failure = {
        status: error instanceof UploadError ? error.status : 0,
        code: "",
        message: "",
      };
      const passing = isPassing(failure);
      this.timeline.fail(message.key, passing ? "waiting" : "failed", describeError(error), false);
      this.events.timeline([]);
      if (passing) this.onSyncFailure(failure);
      return passing ? "away" : "refused";
    } finally {
      this.uploads.delete(message.key);
    }
  }

  private setLink(link: Link): void {
    if (this.link === link) return;
    this.link = link;
    this.events.link(link);
  }
}

interface ApiResult {
  data: unknown;
  error: { message?: string; code?: string } | null;
  status: number;
}

interface Abortable {
  abortSignal(signal: AbortSignal): PromiseLike<ApiResult>;
}

function failureOf(result: ApiResult): ApiFailure {
  return {
    status: result.status,
    code: result.error?.code ?? "",
    message: result.error?.message ?? "",
  };
}

function toFailure(error: unknown): ApiFailure {
  if (typeof error === "object" && error !== null && "status" in error) return error as ApiFailure;
  return { status: 0, code: "", message: String(error) };
}
