import type { KeyValue, MvccStore, Watch, WatchBatch } from "@cellplane/kv";
import { prefixEnd } from "../storage/object-key.ts";
import { type CacheEvent, cacheEvent } from "./cache-event.ts";
import type { CachedObject } from "./cached-object.ts";
import type { ObjectBytes } from "./object-decoder.ts";
import type { OpenedValues } from "./opened-values.ts";

/** What history from the store is read for. */
export interface BackfillRequest {
  readonly store: MvccStore;
  readonly opened: OpenedValues;
  readonly prefix: string;
  /** Changes above this revision are wanted. */
  readonly after: number;
  readonly decode: (bytes: ObjectBytes) => CachedObject;
  /** From this revision on the cache has all events itself. */
  readonly base: () => number;
  readonly onEvent: (event: CacheEvent) => void;
  /** Called once: everything up to `revision` has been told, the cache can go on. */
  readonly onCaughtUp: (revision: number) => Disposable;
  readonly onEnd: (error?: Error) => void;
}

/** Tells older changes from the store's history until the cache's own begins. */
export function backfill(request: BackfillRequest): Disposable {
  const run = new Backfill(request);
  run.start();
  return run;
}

class Backfill implements Disposable {
  readonly #request: BackfillRequest;
  #watch: Watch | undefined;
  #work: Promise<void> = Promise.resolve();
  #following: Disposable | undefined;
  #done = false;

  constructor(request: BackfillRequest) {
    this.#request = request;
  }

  start(): void {
    const { store, prefix, after } = this.#request;
    this.#watch = store.watch(
      {
        key: Buffer.from(prefix),
        end: prefixEnd(prefix),
        startRevision: after + 1,
        previous: true,
      },
      {
        onBatch: (batch) => this.#then(() => this.#tell(batch)),
        onProgress: (revision) => this.#then(() => this.#progress(revision)),
        onEnd: (error) => this.#then(() => this.#end(error)),
      },
    );
    this.#watch.requestProgress();
  }

  [Symbol.dispose](): void {
    this.#done = true;
    this.#watch?.close();
    this.#following?.[Symbol.dispose]();
  }

  #then(step: () => Promise<void> | void): void {
    this.#work = this.#work
      .then(() => (this.#done ? undefined : step()))
      .catch((error: unknown) => {
        this.#end(error instanceof Error ? error : new Error(String(error)));
      });
  }

  async #tell(batch: WatchBatch): Promise<void> {
    for (const { kind, kv, previous } of batch.events) {
      const object = kind === "delete" ? undefined : await this.#decode(kv);
      const old = previous && (await this.#decode(previous));
      this.#request.onEvent(cacheEvent(kv.modRevision, { object, previous: old }));
    }
    this.#progress(batch.revision);
  }

  #progress(revision: number): void {
    if (this.#done || revision < this.#request.base()) return;
    this.#done = true;
    this.#watch?.close();
    this.#following = this.#request.onCaughtUp(revision);
  }

  #end(error: Error | undefined): void {
    if (this.#done) return;
    this.#done = true;
    this.#watch?.close();
    this.#request.onEnd(error);
  }

  async #decode(kv: KeyValue): Promise<CachedObject> {
    const { prefix, opened, decode } = this.#request;
    const key = kv.key.toString();
    const value = await opened.open(kv);
    return decode({ path: key.slice(prefix.length), value, revision: kv.modRevision });
  }
}
