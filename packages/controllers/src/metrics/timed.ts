import type { Reconciler } from "@cellplane/client";
import type { Histogram } from "@cellplane/metrics";

/** A reconciler whose durations are kept in a histogram, in seconds. */
export function timed(reconcile: Reconciler, histogram: Histogram): Reconciler {
  return async (key, signal) => {
    const startedMs = performance.now();
    try {
      return await reconcile(key, signal);
    } finally {
      histogram.observe({}, (performance.now() - startedMs) / 1000);
    }
  };
}
