import type { Upload } from "tus-js-client";
import { ApiError } from "@/api/client";
import type { Rest } from "@/api/rest";
import { resumableUpload, uploadObject } from "@/api/storage";

/** From this size on, an upload can be paused and taken up again, also after the page was closed. */
export const RESUMABLE_FROM = 6 * 1024 * 1024;
const AT_ONCE = 3;

export type UploadState = "waiting" | "running" | "paused" | "done" | "failed";

export interface UploadItem {
  readonly id: number;
  readonly bucket: string;
  readonly path: string;
  readonly size: number;
  /** 0 to 1. */
  readonly done: number;
  readonly state: UploadState;
  readonly error: unknown;
  /** The name is taken: a retry overwrites. */
  readonly exists: boolean;
  readonly resumable: boolean;
}

interface Work {
  file: File;
  upsert: boolean;
  stop: () => void;
}

/** Uploads of a page, a few at a time, in the order they came. */
export class UploadQueue {
  private items: readonly UploadItem[] = [];
  private readonly work = new Map<number, Work>();
  private readonly listeners = new Set<() => void>();
  private next = 1;

  constructor(
    private readonly rest: () => Promise<Rest>,
    private readonly onDone: (item: UploadItem) => void,
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly snapshot = () => this.items;

  add(bucket: string, files: readonly { file: File; path: string }[]): void {
    const added = files.map(({ file, path }) => {
      const item: UploadItem = { id: this.next++, bucket, path, size: file.size, done: 0, state: "waiting", error: null, exists: false, resumable: file.size >= RESUMABLE_FROM };
      this.work.set(item.id, { file, upsert: false, stop: () => undefined });
      return item;
    });
    this.set([...this.items, ...added]);
    this.startWaiting();
  }

  pause(id: number): void {
    this.work.get(id)?.stop();
    this.patch(id, { state: "paused" });
    this.startWaiting();
  }

  /** Goes on with a paused upload, or tries a failed one again. */
  again(id: number): void {
    const item = this.items.find((i) => i.id === id);
    const work = this.work.get(id);
    if (!item || !work) return;
    if (item.exists) work.upsert = true;
    this.patch(id, { state: "waiting", error: null, exists: false });
    this.startWaiting();
  }

  /** Takes an upload out of the list; what was on its way stops. */
  remove(id: number): void {
    this.work.get(id)?.stop();
    this.work.delete(id);
    this.set(this.items.filter((i) => i.id !== id));
    this.startWaiting();
  }

  /** Takes out what is over. */
  clear(): void {
    for (const i of this.items) if (i.state === "done" || i.state === "failed") this.work.delete(i.id);
    this.set(this.items.filter((i) => this.work.has(i.id)));
  }

  private set(items: readonly UploadItem[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }

  private patch(id: number, change: Partial<UploadItem>): void {
    this.set(this.items.map((i) => (i.id === id ? { ...i, ...change } : i)));
  }

  private startWaiting(): void {
    for (;;) {
      const running = this.items.filter((i) => i.state === "running").length;
      const item = running < AT_ONCE ? this.items.find((i) => i.state === "waiting") : undefined;
      if (!item) return;
      this.patch(item.id, { state: "running" });
      void this.run(item);
    }
  }

  private async run(item: UploadItem): Promise<void> {
    const work = this.work.get(item.id);
    if (!work) return;
    const progress = (done: number) => this.patch(item.id, { done: Math.min(done, 0.999) });
    let stopped = false;
    try {
      const rest = await this.rest();
      if (item.resumable) {
        let upload: Upload | null = null;
        work.stop = () => {
          stopped = true;
          void upload?.abort();
        };
        await new Promise<void>((resolve, reject) => {
          resumableUpload(rest, item.bucket, item.path, work.file, { upsert: work.upsert, onProgress: progress, onDone: resolve, onError: reject }).then((made) => {
            upload = made;
            if (stopped) void made.abort();
          }, reject);
          const stop = work.stop;
          work.stop = () => {
            stop();
            resolve();
          };
        });
      } else {
        const control = new AbortController();
        work.stop = () => {
          stopped = true;
          control.abort();
        };
        await uploadObject(rest, item.bucket, item.path, work.file, progress, control.signal, work.upsert);
      }
      if (!stopped) {
        this.patch(item.id, { state: "done", done: 1 });
        this.onDone(item);
      }
    } catch (error) {
      if (!stopped) this.patch(item.id, { state: "failed", done: 0, error, exists: error instanceof ApiError && (error.status === 409 || /exists/i.test(error.message)) });
    } finally {
      this.startWaiting();
    }
  }
}
