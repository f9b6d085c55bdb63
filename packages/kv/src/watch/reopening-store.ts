import { CompactedError, findLostRevisions, UnavailableError } from "../store/kv-error.ts";
import { ForwardingStore } from "../store/forwarding-store.ts";
import type { MvccStore } from "../store/mvcc-store.ts";

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
 * A store that gives itself up where it must not go on, as acknowledged revisions are gone. Everything
 * is refused with the reason until it can be opened anew: when an operator has brought the right
 * database back, or accepted the loss. Watches end, and are to be opened again.
 */
class ReopeningStore extends ForwardingStore {
  readonly #options: ReopeningStoreOptions;
  readonly #closing = new AbortController();
  #store: MvccStore;
  #givenUp: Error | undefined;
  #reopening: Promise<void> | undefined;

  constructor(store: MvccStore, options: ReopeningStoreOptions) {
    super({ store: () => this.#store, refusal: () => this.#givenUp });
    this.#store = store;
    this.#options = options;
    this.#follow();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reopening;
    await super[Symbol.asyncDispose]();
  }

  #follow(): void {
    this.#store.watch(
      { key: sentinel },
      {
        onBatch: () => undefined,
        onEnd: (error) => {
          if (!error || this.#closing.signal.aborted) return;
          // It misses nothing that matters here.
          if (error instanceof CompactedError) return this.#follow();
          if (!findLostRevisions(error)) return;
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
