import type { MvccStore, Watch, WatchEvent } from "@cellplane/kv";
import type { Logger } from "../request/logger.ts";
import { prefixEnd, registryPrefix } from "../storage/object-key.ts";

/** Who is fed with the changes below one prefix. */
export interface FeedListener {
  /** The changes of one revision or several, in order. */
  onEvents(events: readonly WatchEvent[], revision: number): void;
  /** Events may be missing: read everything anew. */
  onReset(): void;
}

// `/registry/<group>/<resource>/`: a listener's prefix ends at the fourth slash.
const slashesInPrefix = 4;
const retryMs = 500;
const progressMs = 100;

/**
 * The one watch on the store: hands each change to the cache of its resource, and knows up to
 * which revision all caches are. Called synchronously before a write resolves, so that a read
 * after a write at this server always sees it.
 */
export class StoreFeed implements AsyncDisposable {
  readonly #store: MvccStore;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, FeedListener>();
  readonly #progressListeners = new Set<() => void>();
  #watch: Watch | undefined;
  #revision = 0;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  /** Starts at once, with what comes after `revision`. */
  constructor(store: MvccStore, options: { readonly revision: number; readonly logger: Logger }) {
    this.#store = store;
    this.#logger = options.logger;
    this.#revision = options.revision;
    this.#open();
  }

  /** Every change up to this revision has been handed over. */
  get revision(): number {
    return this.#revision;
  }

  subscribe(prefix: string, listener: FeedListener): Disposable {
    this.#listeners.set(prefix, listener);
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.get(prefix) === listener) this.#listeners.delete(prefix);
      },
    };
  }

  /** Resolves once everything up to `revision` has been handed over. */
  async waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    this.#watch?.requestProgress();
    while (this.#revision < revision) {
      signal?.throwIfAborted();
      await this.#nextProgress(signal);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#watch?.close();
    return Promise.resolve();
  }

  async #nextProgress(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const told = (): void => resolve();
    this.#progressListeners.add(told);
    signal?.addEventListener("abort", told, { once: true });
    // Asked again only after a while: a revision that is not written yet must not be polled for.
    const timer = setTimeout(() => this.#watch?.requestProgress(), progressMs);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", told);
    this.#progressListeners.delete(told);
  }

  #open(): void {
    const request = {
      key: Buffer.from(registryPrefix),
      end: prefixEnd(registryPrefix),
      startRevision: this.#revision + 1,
    };
    this.#watch = this.#store.watch(request, {
      onBatch: (batch) => {
        this.#dispatch(batch.events, batch.revision);
        this.#advance(batch.revision);
      },
      onProgress: (revision) => this.#advance(revision),
      onEnd: (error) => this.#ended(error),
    });
  }

  #dispatch(events: readonly WatchEvent[], revision: number): void {
    const [only] = events;
    if (events.length === 1 && only) {
      this.#listeners.get(prefixOf(only))?.onEvents(events, revision);
      return;
    }
    for (const [prefix, group] of Map.groupBy(events, prefixOf)) {
      this.#listeners.get(prefix)?.onEvents(group, revision);
    }
  }

  #advance(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
    if (this.#progressListeners.size === 0) return;
    for (const told of this.#progressListeners) told();
  }

  #ended(error: Error | undefined): void {
    if (this.#closed) return;
    this.#logger.warn({ err: error }, "The watch on the store has ended; caches are read anew");
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.#reopen(), retryMs);
  }

  async #reopen(): Promise<void> {
    try {
      this.#revision = await this.#store.headRevision();
      if (this.#closed) return;
      this.#open();
    } catch {
      // Said when the watch ended, and again by whoever watches over the store.
      return this.#retryLater();
    }
    for (const listener of this.#listeners.values()) listener.onReset();
  }
}

/** Opens the feed at the store's present head. */
export async function openStoreFeed(store: MvccStore, logger: Logger): Promise<StoreFeed> {
  return new StoreFeed(store, { revision: await store.headRevision(), logger });
}

function prefixOf(event: WatchEvent): string {
  const { key } = event.kv;
  let at = 0;
  for (let slash = 1; slash < slashesInPrefix; slash += 1) at = key.indexOf(0x2f, at + 1);
  return key.toString("latin1", 0, at + 1);
}
