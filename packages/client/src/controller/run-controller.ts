import type { WorkQueue } from "../workqueue/work-queue.ts";
import type { Outcome, Reconciler } from "./reconciler.ts";

/** How a controller runs. */
export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly reconcile: Reconciler;
  /** Keys at a time. */
  readonly workers: number;
  /** Told of what a reconcile threw and of reasons to retry. */
  readonly onError: (error: unknown, key: string) => void;
}

/** Works on the keys of the queue until `signal` aborts; then closes the queue and waits for its workers. */
export async function runController(
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const close = (): void => options.queue.close();
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  const workers = Array.from({ length: options.workers }, () => runWorker(options, signal));
  await Promise.all(workers);
}

async function runWorker(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const outcome = await reconcileOnce(options, key, signal);
    if (outcome.kind === "retry") queue.addRateLimited(key);
    else queue.forget(key);
    if (outcome.kind === "recheck") queue.addAfter(key, outcome.afterMs);
    queue.done(key);
  }
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
