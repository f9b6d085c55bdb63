import type { MvccStore } from "@cellplane/kv";
import type { WriteGuard } from "../storage/object-storage.ts";
import type { StoreFeed } from "../watch-cache/store-feed.ts";

/** Guards lie beside the objects, where no watch of the API sees them. */
const prefix = "/cellplane/guards/";

/**
 * Makes checks of admission exact where several servers share a store. Whoever decides by what there
 * is (a quota, a free address) enters a guard first and writes under it: the write is lost if
 * anybody else has written under the same guard since, and is decided anew. Within one server
 * writes under a guard wait for each other, so that they are not lost to their neighbours.
 */
export class WriteGuards {
  readonly #store: Pick<MvccStore, "range">;
  readonly #feed: Pick<StoreFeed, "waitFor">;
  /** By name: resolves when the last who has come has left. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(store: Pick<MvccStore, "range">, feed: Pick<StoreFeed, "waitFor">) {
    this.#store = store;
    this.#feed = feed;
  }

  /**
   * Waits for the guard, and until caches show everything that was written under it.
   * @throws {UnavailableError} Or whatever `signal` is aborted with.
   */
  async enter(name: string, signal: AbortSignal): Promise<WriteGuard & Disposable> {
    const before = this.#last.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    const last = before ? before.then(() => promise) : promise;
    this.#last.set(name, last);
    const leave = (): void => {
      resolve();
      if (this.#last.get(name) === last) this.#last.delete(name);
    };
    try {
      await before;
      signal.throwIfAborted();
      const key = `${prefix}${name}`;
      const found = await this.#store.range({ key: Buffer.from(key), keysOnly: true }, signal);
      await this.#feed.waitFor(found.revision, signal);
      return { key, revision: found.kvs[0]?.modRevision ?? 0, [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

/** The guards that one write has entered. */
export class HeldGuards {
  readonly #guards: WriteGuards;
  readonly #signal: () => AbortSignal;
  readonly #held = new Map<string, WriteGuard & Disposable>();

  constructor(guards: WriteGuards, signal: () => AbortSignal) {
    this.#guards = guards;
    this.#signal = signal;
  }

  /** What the write depends on. */
  get all(): readonly WriteGuard[] {
    return [...this.#held.values()];
  }

  /** Enters guards that are not held yet; in one order, so that no two writes wait for each other. */
  async hold(names: readonly string[]): Promise<void> {
    for (const name of [...new Set(names)].sort()) {
      if (this.#held.has(name)) continue;
      this.#held.set(name, await this.#guards.enter(name, this.#signal()));
    }
  }

  /** Leaves all: the write has been made, or will be decided anew. */
  release(): void {
    for (const guard of this.#held.values()) guard[Symbol.dispose]();
    this.#held.clear();
  }
}
