import { type Logger, StoreMonitor } from "@cellplane/apiserver";
import { findLostRevisions, type MvccStore } from "@cellplane/kv";
import type { MetricRegistry } from "@cellplane/metrics";

/** Failures outside of a known outage are logged no more often than this, in milliseconds. */
const logEveryMs = 10_000;

/** What came of a request that the store did not serve. */
export type StoreFailure = "refused" | "unknown";

/** Watches over the store: whether it answers, said once in the log, and in metrics. */
export interface StoreWatch extends AsyncDisposable {
  readonly monitor: StoreMonitor;
  /** Counts a request that failed by the store, and logs it unless an outage has been told. */
  readonly note: (failure: StoreFailure, error: Error) => void;
  /** @throws {Error} The store is away; the message may be shown to everybody. */
  readonly check: () => void;
}

/** Begins to watch over a store. */
export function openStoreWatch(deps: {
  readonly store: MvccStore;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
}): StoreWatch {
  const { store, logger, metrics } = deps;
  const counts = countersOf(metrics);
  let loggedMs = Number.NEGATIVE_INFINITY;
  const monitor = new StoreMonitor(store, {
    events: {
      onAway: (err) => {
        counts.outages.add({});
        logger.error({ err }, "the store is away: writes and reads of the newest state fail");
      },
      onBack: (awayMs) => {
        logger.warn({ awaySeconds: Math.ceil(awayMs / 1000) }, "the store is back");
      },
    },
  });
  metrics.onCollect(() => {
    counts.up.set({}, monitor.failure ? 0 : 1);
    counts.age.set({}, (monitor.staleMs ?? 0) / 1000);
  });
  return {
    monitor,
    note: (failure, err) => {
      counts.failures.add({ outcome: failure });
      const nowMs = performance.now();
      if (monitor.failure || nowMs < loggedMs + logEveryMs) return;
      loggedMs = nowMs;
      logger.error({ err, outcome: failure }, "the store did not serve a request");
    },
    check: () => {
      if (monitor.failure) throw new Error(describeFailure(monitor.failure, monitor.staleMs ?? 0));
    },
    [Symbol.asyncDispose]: () => monitor[Symbol.asyncDispose](),
  };
}

/** Without addresses: whoever probes a server may read it. */
function describeFailure(failure: Error, staleMs: number): string {
  const lost = findLostRevisions(failure);
  if (lost) return lost.message;
  return `the database has not answered for ${Math.ceil(staleMs / 1000)}s`;
}

function countersOf(metrics: MetricRegistry) {
  return {
    up: metrics.gauge({
      name: "cellplane_store_up",
      help: "1 while the store answers, 0 while it is away.",
    }),
    age: metrics.gauge({
      name: "cellplane_store_age_seconds",
      help: "How old what caches show may be while the store is away; 0 while it answers.",
    }),
    outages: metrics.counter({
      name: "cellplane_store_outages_total",
      help: "How often the store went away.",
    }),
    failures: metrics.counter({
      name: "cellplane_store_failed_requests_total",
      help: "Requests that failed by the store: refused, or written with unknown outcome.",
      labels: ["outcome"],
    }),
  };
}
