import { type Counter, type Gauge, type Histogram, MetricRegistry } from "@cellplane/metrics";
import { ControllerMetrics } from "./controller-metrics.ts";

/** The states of a member, in KubeFed's words. */
export type MemberState = "ready" | "notready" | "offline";

/** Every metric of the federation: KubeFed's by their own names (reference §4.3), then ours. */
export class FederationMetrics {
  readonly registry: MetricRegistry;
  readonly controllers: ControllerMetrics;
  readonly clusterState: Gauge<"state" | "cluster">;
  readonly joinedClusters: Gauge;
  readonly healthSeconds: Histogram;
  readonly connectSeconds: Histogram;
  readonly reconcileSeconds: Histogram;
  readonly dispatchSeconds: Histogram<"action">;
  readonly requests: Counter<"cluster" | "method" | "code">;
  readonly requestSeconds: Histogram<"cluster">;
  readonly limiterWaitSeconds: Histogram<"cluster">;
  readonly backoffs: Counter<"cluster" | "cause">;
  readonly allowedPerSecond: Gauge<"cluster">;
  readonly memberProblem: Gauge<"cluster" | "reason">;
  readonly watchErrors: Counter<"cluster" | "code">;
  readonly heldTopologies: Gauge;
  readonly tombstones: Gauge;
  readonly events: Counter<"outcome">;

  constructor(registry: MetricRegistry = new MetricRegistry()) {
    this.registry = registry;
    this.controllers = new ControllerMetrics(registry);
    const cluster = ["cluster"] as const;
    this.clusterState = registry.gauge({
      name: "kubefedcluster_total",
      help: "1 for the state that a joined cluster is in, 0 for the others.",
      labels: ["state", "cluster"],
    });
    this.joinedClusters = registry.gauge({
      name: "joined_cluster_total",
      help: "Clusters that are joined.",
    });
    this.healthSeconds = registry.histogram({
      name: "cluster_health_status_duration_seconds",
      help: "How long it took to find out how a cluster is.",
    });
    this.connectSeconds = registry.histogram({
      name: "cluster_client_connection_duration_seconds",
      help: "How long it took until a new connection to a cluster had its first answer.",
    });
    this.reconcileSeconds = registry.histogram({
      name: "reconcile_federated_resources_duration_seconds",
      help: "How long the reconcile of a federated object took.",
    });
    this.dispatchSeconds = registry.histogram({
      name: "dispatch_operation_duration_seconds",
      help: "How long a write to a member took.",
      labels: ["action"],
    });
    this.requests = registry.counter({
      name: "rest_client_requests_total",
      help: "Requests to members by method and status code; code 0 where there was no answer.",
      labels: ["cluster", "method", "code"],
    });
    this.requestSeconds = registry.histogram({
      name: "rest_client_request_duration_seconds",
      help: "How long a member took to begin its answer.",
      labels: cluster,
    });
    this.limiterWaitSeconds = registry.histogram({
      name: "rest_client_rate_limiter_duration_seconds",
      help: "How long requests to a member waited as it gets only so many at a time.",
      labels: cluster,
    });
    this.backoffs = registry.counter({
      name: "cellplane_member_backoffs_total",
      help: "How often a member was given fewer requests, by what it answered.",
      labels: ["cluster", "cause"],
    });
    this.allowedPerSecond = registry.gauge({
      name: "cellplane_member_allowed_requests_per_second",
      help: "How many requests a second a member is given now.",
      labels: cluster,
    });
    this.memberProblem = registry.gauge({
      name: "cellplane_member_problem",
      help: "1 for the reason why a member is in trouble; no series for one that is not.",
      labels: ["cluster", "reason"],
    });
    this.watchErrors = registry.counter({
      name: "cellplane_member_watch_errors_total",
      help: "Lists and watches of a member that failed, by status code; 0 where there was no answer.",
      labels: ["cluster", "code"],
    });
    this.heldTopologies = registry.gauge({
      name: "cellplane_held_topologies",
      help: "Topologies that a mask holds at an older revision.",
    });
    this.tombstones = registry.gauge({
      name: "cellplane_tombstones",
      help: "Abandoned objects that wait for their cluster to return.",
    });
    this.events = registry.counter({
      name: "cellplane_events_total",
      help: "Events by what became of them: recorded, repeated, dropped as too many, failed.",
      labels: ["outcome"],
    });
  }

  /** Forgets what is told of a cluster that has left. */
  forgetCluster(cluster: string): void {
    this.registry.removeSeries({ cluster });
  }
}
