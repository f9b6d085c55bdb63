import { setTimeout as delay } from "node:timers/promises";
import { isStatus } from "@cellplane/apimachinery";
import type { Logger } from "../request/logger.ts";

const firstDelayMs = 50;
const lastDelayMs = 30_000;

/** How many keys at once, and until when. */
export interface KeyedWorkerOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * Works on keys: each at most once at a time and once more if it was added meanwhile; one that
 * fails again after a delay that doubles from 50 ms to 30 s.
 */
export class KeyedWorker {
  readonly #work: (key: string) => Promise<void>;
  readonly #options: KeyedWorkerOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();

  constructor(work: (key: string) => Promise<void>, options: KeyedWorkerOptions) {
    this.#work = work;
    this.#options = options;
  }

  add(key: string): void {
    if (this.#options.signal.aborted) return;
    this.#waiting.add(key);
    this.#next();
  }

  /** Settles once nothing runs any more; meant for after the signal has aborted. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency || this.#options.signal.aborted) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    // Leaves the caller's stack, which may be that of a watch event.
    await Promise.resolve();
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch (error) {
      if (!this.#options.signal.aborted && !isStatus(error, "NotFound")) this.#retry(key, error);
    }
    this.#running.delete(key);
    this.#next();
  }

  #retry(key: string, error: unknown): void {
    const { signal, logger } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    logger.warn({ key, failures, error }, "CRD could not be brought up to date");
    const delayMs = Math.min(lastDelayMs, firstDelayMs * 2 ** (failures - 1));
    void delay(delayMs, undefined, { signal, ref: false }).then(
      () => this.add(key),
      () => {},
    );
  }
}
