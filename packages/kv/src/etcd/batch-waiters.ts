import type { Revision } from "../store/mvcc-store.ts";

/** An event comes at once, if at all; only then is it worth asking, in milliseconds. */
const patienceBeforeAskingMs = 15;

/** A watch that is this far behind a write that has an answer is given up, in milliseconds. */
export const maxBehindMs: number = 5000;

interface Waiter {
  readonly revision: Revision;
  readonly done: () => void;
}

/** The writes whose answers wait until one watch was handed their events. */
export class BatchWaiters {
  readonly #onOverdue: () => void;
  readonly #onHopeless: () => void;
  #waiters: Waiter[] = [];
  #isOverdue = false;
  #timer: NodeJS.Timeout | undefined;

  /** `onOverdue` is told that what is waited for did not come by itself, `onHopeless` that it does not come. */
  constructor(onOverdue: () => void, onHopeless: () => void) {
    this.#onOverdue = onOverdue;
    this.#onHopeless = onHopeless;
  }

  /** Whether what is waited for did not come by itself. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Resolves once everything up to `revision` was handed over. */
  wait(revision: Revision): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ revision, done: resolve });
    this.#arm();
    return promise;
  }

  /** Everything below `next` was handed over. */
  passed(next: Revision): void {
    const passed = this.#waiters.filter(({ revision }) => revision < next);
    if (passed.length === 0) return;
    this.#waiters = this.#waiters.filter(({ revision }) => revision >= next);
    this.#disarm();
    if (this.#waiters.length > 0) this.#arm();
    for (const { done } of passed) done();
  }

  /** Nobody has to wait any more. */
  release(): void {
    this.passed(Number.POSITIVE_INFINITY);
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#isOverdue = true;
      this.#timer = setTimeout(this.#onHopeless, maxBehindMs);
      this.#onOverdue();
    }, patienceBeforeAskingMs);
  }

  #disarm(): void {
    this.#isOverdue = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
