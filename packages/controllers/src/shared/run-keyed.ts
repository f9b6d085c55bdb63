import {
  type Informer,
  type Reconciler,
  runController,
  type WorkerCount,
  type WorkQueue,
} from "@cellplane/client";
import type { ControllerMetrics } from "../metrics/controller-metrics.ts";
import { observeController, observeQueue } from "../metrics/observe-controller.ts";
import type { ErrorReporter } from "./controller.ts";

/** What a controller over informers and one queue needs to run. */
export interface KeyedController {
  readonly name: string;
  readonly informers: readonly Informer[];
  /** What else must be known before the first key is worked on. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  readonly queue: WorkQueue;
  readonly reconcile: Reconciler;
  readonly workers: WorkerCount;
  readonly onError: ErrorReporter;
  /** Where what it does is counted, under `metricName` or else its name. */
  readonly metrics?: ControllerMetrics;
  readonly metricName?: string;
}

/** Runs the informers, waits until all are synced, then works on the queue; until `signal` aborts. */
export async function runKeyed(controller: KeyedController, signal: AbortSignal): Promise<void> {
  const { queue, metrics, name, metricName = name } = controller;
  const steadyMs = (): number => performance.now();
  if (metrics) {
    const observer = observeQueue(metrics, metricName, steadyMs);
    queue.observe(observer);
    metrics.registry.onCollect(observer.collect, signal);
  }
  const running = controller.informers.map((informer) => informer.run(signal));
  await Promise.all(controller.informers.map((informer) => informer.waitForSync(signal)));
  await controller.prepare?.(signal);
  const working = runController(
    {
      name,
      queue,
      reconcile: controller.reconcile,
      workers: controller.workers,
      onError: (error, key) => controller.onError(error, { controller: name, key }),
      ...(metrics ? { observer: observeController(metrics, metricName, steadyMs) } : {}),
    },
    signal,
  );
  await Promise.all([...running, working]);
}
