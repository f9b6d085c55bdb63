import type { Counter, Gauge, Histogram, MetricRegistry } from "@cellplane/metrics";

/** What a reconcile came to, in controller-runtime's words (KubeFed's, reference §4.3). */
export type ReconcileResult = "success" | "error" | "needs_recheck" | "not_synced";

const fine = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** The metrics of controllers and their queues: names as controller-runtime and client-go have them. */
export class ControllerMetrics {
  readonly registry: MetricRegistry;
  readonly reconciles: Counter<"controller" | "result">;
  readonly reconcileErrors: Counter<"controller">;
  readonly reconcileSeconds: Histogram<"controller">;
  readonly maxConcurrent: Gauge<"controller">;
  readonly activeWorkers: Gauge<"controller">;
  readonly queueDepth: Gauge<"name">;
  readonly queueAdds: Counter<"name">;
  readonly queueRetries: Counter<"name">;
  readonly queueSeconds: Histogram<"name">;
  readonly workSeconds: Histogram<"name">;
  readonly unfinishedSeconds: Gauge<"name">;
  readonly longestRunningSeconds: Gauge<"name">;

  constructor(registry: MetricRegistry) {
    this.registry = registry;
    const controller = ["controller"] as const;
    const queue = ["name"] as const;
    this.reconciles = registry.counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by controller and result.",
      labels: ["controller", "result"],
    });
    this.reconcileErrors = registry.counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that failed, by controller.",
      labels: controller,
    });
    this.reconcileSeconds = registry.histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long a reconcile took, by controller.",
      labels: controller,
      buckets: fine,
    });
    this.maxConcurrent = registry.gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "How many reconciles a controller may do at a time.",
      labels: controller,
    });
    this.activeWorkers = registry.gauge({
      name: "controller_runtime_active_workers",
      help: "How many reconciles a controller is doing now.",
      labels: controller,
    });
    this.queueDepth = registry.gauge({
      name: "workqueue_depth",
      help: "Keys that wait for a worker.",
      labels: queue,
    });
    this.queueAdds = registry.counter({
      name: "workqueue_adds_total",
      help: "Keys that were added and were not waiting already.",
      labels: queue,
    });
    this.queueRetries = registry.counter({
      name: "workqueue_retries_total",
      help: "Keys that were added again after a failure.",
      labels: queue,
    });
    this.queueSeconds = registry.histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long a key waited for a worker.",
      labels: queue,
      buckets: fine,
    });
    this.workSeconds = registry.histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long a key was worked on.",
      labels: queue,
      buckets: fine,
    });
    this.unfinishedSeconds = registry.gauge({
      name: "workqueue_unfinished_work_seconds",
      help: "How long the keys that are being worked on have been, summed.",
      labels: queue,
    });
    this.longestRunningSeconds = registry.gauge({
      name: "workqueue_longest_running_processor_seconds",
      help: "How long the key that has been worked on longest has been.",
      labels: queue,
    });
  }
}
