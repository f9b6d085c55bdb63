import { retryDelayMs } from "./retry-delay.ts";

/** What a queue is told of time and chance. */
export interface WorkQueueOptions {
  /** Draws from [0, 1) for back-off. */
  readonly random?: () => number;
  /**
   * Whose turn a key takes, e.g. its tenant: groups with waiting keys are served in turn, so that
   * one with very many does not starve the others. Default: all keys in one group.
   */
  readonly groupOf?: (key: string) => string;
}

/** Told of what becomes of keys, for metrics. */
export interface QueueObserver {
  /** A key has begun to wait: for a worker, or for the end of the work on itself. */
  added(key: string): void;
  /** A worker has taken it. */
  taken(key: string): void;
  done(key: string): void;
  /** It will be added again after its back-off. */
  retried(key: string): void;
}

/**
 * Keys to work on: each at most once at a time and at most once in waiting; a key added while it
 * is being worked on is worked on again afterwards. As client-go's rate-limited work queue.
 */
export class WorkQueue {
  readonly #waiting = new Map<string, Set<string>>();
  readonly #processing = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<
    string,
    { readonly atMs: number; readonly timer: ReturnType<typeof setTimeout> }
  >();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #random: () => number;
  readonly #groupOf: (key: string) => string;
  #observer: QueueObserver | undefined;
  #closed = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#groupOf = options.groupOf ?? ((): string => "");
  }

  /** Keys that wait for a worker, without those delayed. */
  get length(): number {
    let sum = 0;
    for (const group of this.#waiting.values()) sum += group.size;
    return sum;
  }

  /** Whether nothing waits, is delayed, or is worked on. */
  get isIdle(): boolean {
    return this.length === 0 && this.#processing.size === 0 && this.#timers.size === 0;
  }

  /** From now on tells `observer` what becomes of keys; there is one at most. */
  observe(observer: QueueObserver): void {
    this.#observer = observer;
  }

  /** Adds a key now; a delayed one is brought forward. */
  add(key: string): void {
    if (this.#closed) return;
    this.#cancelTimer(key);
    if (this.#processing.has(key)) {
      if (!this.#dirty.has(key)) this.#observer?.added(key);
      this.#dirty.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker) {
      this.#observer?.added(key);
      this.#start(key);
      taker(key);
      return;
    }
    const group = this.#groupOf(key);
    const keys = this.#waiting.get(group) ?? new Set<string>();
    if (!keys.has(key)) this.#observer?.added(key);
    keys.add(key);
    this.#waiting.set(group, keys);
  }

  /** Adds a key after a while; of two delays the earlier counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = performance.now() + delayMs;
    const pending = this.#timers.get(key);
    if (pending && pending.atMs <= atMs) return;
    this.#cancelTimer(key);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delayMs);
    this.#timers.set(key, { atMs, timer });
  }

  /** Adds a key after its exponential back-off. */
  addRateLimited(key: string): void {
    const attempt = this.#failures.get(key) ?? 0;
    this.#failures.set(key, attempt + 1);
    this.#observer?.retried(key);
    this.addAfter(key, retryDelayMs(attempt, this.#random()));
  }

  /** Ends the back-off of a key that succeeded. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, as soon as there is one; `undefined` once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const key = this.#shift();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Says that the work on a key has ended. */
  done(key: string): void {
    this.#processing.delete(key);
    this.#observer?.done(key);
    if (this.#dirty.delete(key)) this.add(key);
  }

  /** Drops what waits and sends the workers home. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #start(key: string): void {
    this.#processing.add(key);
    this.#observer?.taken(key);
  }

  #shift(): string | undefined {
    for (const [group, keys] of this.#waiting) {
      this.#waiting.delete(group);
      for (const key of keys) {
        keys.delete(key);
        this.#start(key);
        // Behind the other groups, so that groups take turns.
        if (keys.size > 0) this.#waiting.set(group, keys);
        return key;
      }
    }
    return undefined;
  }

  #cancelTimer(key: string): void {
    const pending = this.#timers.get(key);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.#timers.delete(key);
  }
}
