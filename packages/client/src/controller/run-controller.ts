import type { WorkQueue } from "../workqueue/work-queue.ts";
import type { Outcome, Reconciler } from "./reconciler.ts";
import { takeTurns } from "./take-turns.ts";

/** How many keys a controller works on at a time: a number, or one that may change as it runs. */
export type WorkerCount =
  | number
  | {
      readonly current: () => number;
      /** Calls `listener` whenever `current` may have changed, until `signal` aborts. */
      readonly onChange: (listener: () => void, signal: AbortSignal) => void;
    };

/** Told of the reconciles of a controller, for metrics. */
export interface ControllerObserver {
  started(key: string): void;
  /** `error` is what was thrown and what is to be tried again. */
  ended(key: string, result: "success" | "error" | "needs_recheck" | "not_synced"): void;
  /** How many keys at a time, from now on. */
  workersChanged(workers: number): void;
}

/** How a controller runs. */
export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly reconcile: Reconciler;
  /** Keys at a time. */
  readonly workers: WorkerCount;
  /** Told of what a reconcile threw and of reasons to retry. */
  readonly onError: (error: unknown, key: string) => void;
  readonly observer?: ControllerObserver;
}

/** Works on the keys of the queue until `signal` aborts; then closes the queue and waits for its workers. */
export async function runController(
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const close = (): void => options.queue.close();
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  await new WorkerPool(options, signal).run();
}

/** The workers of a controller, as many as are wanted now. Fewer: some go once their key is done. */
class WorkerPool {
  readonly #options: ControllerOptions;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #wanted = 0;
  #count = 0;

  constructor(options: ControllerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { workers } = this.#options;
    if (typeof workers === "number") {
      this.#resize(workers);
    } else {
      workers.onChange(() => this.#resize(workers.current()), this.#signal);
      this.#resize(workers.current());
    }
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #resize(wanted: number): void {
    // One at least: a controller without workers would look as if it ran.
    const next = Math.max(1, Math.floor(wanted));
    if (this.#signal.aborted && this.#count > 0) return;
    if (next !== this.#wanted) this.#options.observer?.workersChanged(next);
    this.#wanted = next;
    while (this.#count < this.#wanted) this.#spawn();
  }

  #spawn(): void {
    this.#count++;
    const running = this.#work().finally(() => {
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #work(): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      if (this.#count > this.#wanted) {
        // One too many: another worker takes it.
        queue.done(key);
        queue.add(key);
        break;
      }
      await workOn(this.#options, key, this.#signal);
      const others = takeTurns();
      if (others) await others;
    }
    this.#count--;
  }
}

async function workOn(options: ControllerOptions, key: string, signal: AbortSignal): Promise<void> {
  const { queue, observer } = options;
  observer?.started(key);
  const outcome = await reconcileOnce(options, key, signal);
  observer?.ended(key, resultOf(outcome));
  if (outcome.kind === "retry") queue.addRateLimited(key);
  else queue.forget(key);
  if (outcome.kind === "recheck") queue.addAfter(key, outcome.afterMs);
  queue.done(key);
}

function resultOf(outcome: Outcome): Parameters<ControllerObserver["ended"]>[1] {
  if (outcome.kind === "retry") return "error";
  if (outcome.kind === "done") return "success";
  return outcome.because === "notSynced" ? "not_synced" : "needs_recheck";
}

async function reconcileOnce(
  options: ControllerOptions,
  key: string,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return await options.reconcile(key, signal);
  } catch (error) {
    if (signal.aborted) return { kind: "done" };
    options.onError(error, key);
    return { kind: "retry", reason: error instanceof Error ? error.message : String(error) };
  }
}
