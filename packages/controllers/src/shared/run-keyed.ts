import { type Informer, type Reconciler, runController, type WorkQueue } from "@cellplane/client";
import type { ErrorReporter } from "./controller.ts";

/** What a controller over informers and one queue needs to run. */
export interface KeyedController {
  readonly name: string;
  readonly informers: readonly Informer[];
  readonly queue: WorkQueue;
  readonly reconcile: Reconciler;
  readonly workers: number;
  readonly onError: ErrorReporter;
}

/** Runs the informers, waits until all are synced, then works on the queue; until `signal` aborts. */
export async function runKeyed(controller: KeyedController, signal: AbortSignal): Promise<void> {
  const running = controller.informers.map((informer) => informer.run(signal));
  await Promise.all(controller.informers.map((informer) => informer.waitForSync(signal)));
  const working = runController(
    {
      name: controller.name,
      queue: controller.queue,
      reconcile: controller.reconcile,
      workers: controller.workers,
      onError: (error, key) => controller.onError(error, { controller: controller.name, key }),
    },
    signal,
  );
  await Promise.all([...running, working]);
}
