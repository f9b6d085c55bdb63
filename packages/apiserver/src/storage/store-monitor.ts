import { findLostRevisions, type MvccStore, UnavailableError } from "@cellplane/kv";

/** How often the store is asked where it stands, in milliseconds. */
const defaultIntervalMs = 1000;

/** A store that has said nothing for so long counts as away, though it has not failed. */
const silentMs = 3000;

/** Told when the store goes away and comes back; each once. */
export interface StoreMonitorEvents {
  onAway?(error: Error): void;
  onBack?(awayMs: number): void;
}

/** Settings of a monitor; each has a default. */
export interface StoreMonitorOptions {
  readonly intervalMs?: number;
  /** A clock that never goes back, in milliseconds. */
  readonly clockMs?: () => number;
  readonly events?: StoreMonitorEvents;
}

/**
 * Knows whether a store that lies elsewhere answers, and how old is what was last known of it.
 * A store that knows its head without asking is never away, and is not asked.
 */
export class StoreMonitor implements AsyncDisposable {
  readonly #store: Pick<MvccStore, "headRevision">;
  readonly #clockMs: () => number;
  readonly #intervalMs: number;
  readonly #events: StoreMonitorEvents;
  readonly #closing = Promise.withResolvers<void>();
  #closed = false;
  /** The store answered a question that was put at this time; absent: it is not asked. */
  #seenMs: number | undefined;
  #failure: Error | undefined;

  constructor(store: Pick<MvccStore, "headRevision">, options: StoreMonitorOptions = {}) {
    this.#store = store;
    this.#clockMs = options.clockMs ?? (() => performance.now());
    this.#intervalMs = options.intervalMs ?? defaultIntervalMs;
    this.#events = options.events ?? {};
    const head = store.headRevision();
    if (typeof head === "number") return;
    this.#seenMs = this.#clockMs();
    void this.#run(head);
  }

  /** Why the store cannot be used now; `undefined`: it can. */
  get failure(): Error | undefined {
    if (this.#failure) return this.#failure;
    const ageMs = this.#seenMs === undefined ? 0 : this.#clockMs() - this.#seenMs;
    return ageMs > silentMs ? new Error("it does not answer") : undefined;
  }

  /**
   * Does not let a request wait for a store that is known to be away.
   * @throws {UnavailableError}
   */
  check(): void {
    if (!this.#failure) return;
    const { message } = this.#failure;
    throw new UnavailableError(`Cannot ask the store as it is away: ${message}`, {
      cause: this.#failure,
    });
  }

  /**
   * Does not let a request be answered from what was seen, either, where that may be another history.
   * @throws {UnavailableError} Acknowledged writes are gone.
   */
  checkHistory(): void {
    if (findLostRevisions(this.#failure)) this.check();
  }

  /** How old the last knowledge of the store is where it is away, in milliseconds; `undefined`: it answers. */
  get staleMs(): number | undefined {
    if (this.#seenMs === undefined || !this.failure) return undefined;
    return this.#clockMs() - this.#seenMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#closing.resolve();
  }

  async #run(first: Promise<number>): Promise<void> {
    let asking: number | Promise<number> = first;
    while (!this.#closed) {
      const askedMs = this.#clockMs();
      try {
        await asking;
        this.#answered(askedMs);
      } catch (error) {
        this.#failed(error instanceof Error ? error : new Error(String(error)));
      }
      await this.#pause();
      if (this.#closed) return;
      asking = this.#ask();
    }
  }

  // A store that is closed may throw at once.
  async #ask(): Promise<number> {
    return this.#store.headRevision();
  }

  #answered(askedMs: number): void {
    if (this.#closed) return;
    const awayMs = askedMs - (this.#seenMs ?? askedMs);
    this.#seenMs = askedMs;
    if (!this.#failure) return;
    this.#failure = undefined;
    this.#events.onBack?.(awayMs);
  }

  #failed(error: Error): void {
    if (this.#closed) return;
    const isFirst = !this.#failure;
    this.#failure = error;
    if (isFirst) this.#events.onAway?.(error);
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#intervalMs);
    timer.unref();
    await Promise.race([promise, this.#closing.promise]);
    clearTimeout(timer);
  }
}
