import { CompactedError, findLostRevisions, UnavailableError } from "../store/kv-error.ts";
import type {
  LeaseStore,
  MvccStore,
  RangeRequest,
  RangeResult,
  Revision,
  StoreStatus,
  TxnRequest,
  TxnResult,
  Watch,
  WatchListener,
  WatchRequest,
} from "../store/mvcc-store.ts";

/** How often a store that was given up is tried to be opened anew, in milliseconds. */
const defaultRetryMs = 1000;

/** A key that nobody writes: its watch tells of nothing but the end of the store. */
const sentinel: Buffer = Buffer.from("\0end-of-store");

/** How a store is opened, and when again. */
export interface ReopeningStoreOptions {
  readonly open: () => Promise<MvccStore>;
  readonly retryMs?: number;
}

/** Opens a store that is opened anew by itself after it had to be given up. */
export async function openReopeningStore(options: ReopeningStoreOptions): Promise<MvccStore> {
  return new ReopeningStore(await options.open(), options);
}

/**
 * A store that gives itself up where it must not go on: acknowledged revisions are gone, or history
 * was compacted before this process had read it. Everything is refused with the reason until it can
 * be opened anew: at once, or when an operator has brought the right database back, or accepted the
 * loss. Watches end, and are to be opened again.
 */
class ReopeningStore implements MvccStore {
  readonly #options: ReopeningStoreOptions;
  readonly #closing = new AbortController();
  #store: MvccStore;
  #givenUp: Error | undefined;
  #reopening: Promise<void> | undefined;

  constructor(store: MvccStore, options: ReopeningStoreOptions) {
    this.#store = store;
    this.#options = options;
    this.#follow();
  }

  get leases(): LeaseStore | undefined {
    if (!this.#store.leases) return undefined;
    return {
      grant: async (wanted) => this.#leasesNow().grant(wanted),
      revoke: async (id) => this.#leasesNow().revoke(id),
      keepAlive: async (id) => this.#leasesNow().keepAlive(id),
      timeToLive: async (id) => this.#leasesNow().timeToLive(id),
      list: async () => this.#leasesNow().list(),
    };
  }

  async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    return this.#now().range(request, signal);
  }

  async txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    return this.#now().txn(request, signal);
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    return this.#now().watch(request, listener);
  }

  async compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    return this.#now().compact(revision, signal);
  }

  async compactPhysically(revision: Revision, signal?: AbortSignal): Promise<void> {
    const store = this.#now();
    if (store.compactPhysically) return store.compactPhysically(revision, signal);
    return store.compact(revision, signal);
  }

  headRevision(): Revision | Promise<Revision> {
    return this.#givenUp ? Promise.reject(this.#givenUp) : this.#store.headRevision();
  }

  async status(signal?: AbortSignal): Promise<StoreStatus> {
    return this.#now().status(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reopening;
    await this.#store[Symbol.asyncDispose]();
  }

  #now(): MvccStore {
    if (this.#givenUp) throw this.#givenUp;
    return this.#store;
  }

  #leasesNow(): LeaseStore {
    const { leases } = this.#now();
    if (!leases) throw new Error("A store has lost its leases");
    return leases;
  }

  #follow(): void {
    this.#store.watch(
      { key: sentinel },
      {
        onBatch: () => undefined,
        onEnd: (error) => {
          if (!error || this.#closing.signal.aborted || !isGivenUp(error)) return;
          this.#givenUp = error;
          this.#reopening = this.#reopen();
        },
      },
    );
  }

  async #reopen(): Promise<void> {
    const { signal } = this.#closing;
    await Promise.allSettled([this.#store[Symbol.asyncDispose]()]);
    while (!signal.aborted) {
      try {
        this.#store = await this.#options.open();
        this.#givenUp = undefined;
        return this.#follow();
      } catch (error) {
        // Why it was given up says more than that the database is away, too.
        if (error instanceof UnavailableError && findLostRevisions(error)) this.#givenUp = error;
      }
      await pause(this.#options.retryMs ?? defaultRetryMs, signal);
    }
  }
}

function isGivenUp(error: Error): boolean {
  return findLostRevisions(error) !== undefined || error.cause instanceof CompactedError;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const done = (): void => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener("abort", done, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", done));
}
