import type { ControllerObserver, QueueObserver } from "@cellplane/client";
import type { ControllerMetrics } from "./controller-metrics.ts";

/** Counts and times the reconciles of one controller. `nowMs` is a steady clock. */
export function observeController(
  metrics: ControllerMetrics,
  controller: string,
  nowMs: () => number,
): ControllerObserver {
  const startedMs = new Map<string, number>();
  const labels = { controller };
  return {
    started(key) {
      startedMs.set(key, nowMs());
      metrics.activeWorkers.set(labels, startedMs.size);
    },
    ended(key, result) {
      const seconds = (nowMs() - (startedMs.get(key) ?? nowMs())) / 1000;
      startedMs.delete(key);
      metrics.activeWorkers.set(labels, startedMs.size);
      metrics.reconciles.add({ controller, result });
      metrics.reconcileSeconds.observe(labels, seconds);
      if (result === "error") metrics.reconcileErrors.add(labels);
    },
    workersChanged: (workers) => metrics.maxConcurrent.set(labels, workers),
  };
}

/** Counts and times what passes through one queue; also tells, when asked, what is being worked on. */
export function observeQueue(
  metrics: ControllerMetrics,
  name: string,
  nowMs: () => number,
): QueueObserver & { readonly collect: () => void } {
  const addedMs = new Map<string, number>();
  const takenMs = new Map<string, number>();
  const labels = { name };
  return {
    added(key) {
      addedMs.set(key, nowMs());
      metrics.queueAdds.add(labels);
    },
    taken(key) {
      const atMs = nowMs();
      metrics.queueSeconds.observe(labels, (atMs - (addedMs.get(key) ?? atMs)) / 1000);
      addedMs.delete(key);
      takenMs.set(key, atMs);
    },
    done(key) {
      const atMs = nowMs();
      metrics.workSeconds.observe(labels, (atMs - (takenMs.get(key) ?? atMs)) / 1000);
      takenMs.delete(key);
    },
    retried: () => metrics.queueRetries.add(labels),
    collect() {
      const atMs = nowMs();
      const ages = Array.from(takenMs.values(), (each) => (atMs - each) / 1000);
      metrics.queueDepth.set(labels, addedMs.size);
      metrics.unfinishedSeconds.set(
        labels,
        ages.reduce((sum, age) => sum + age, 0),
      );
      metrics.longestRunningSeconds.set(labels, Math.max(0, ...ages));
    },
  };
}
