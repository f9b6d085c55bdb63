import type { Counter, Gauge, Histogram, MetricRegistry } from "@cellplane/metrics";

/** What a tunnel server counts. */
export interface TunnelMetrics {
  /** Seconds from asking for a connection to having it. */
  readonly dials: Histogram<"cluster">;
  readonly dialFailures: Counter<"cluster" | "reason">;
  readonly readyBackends: Gauge<"cluster">;
  readonly cuts: Counter<"cluster">;
  readonly refusals: Counter<"reason">;
}

const prefix = "konnectivity_network_proxy_server_";

/** Makes the metrics; where the apiserver-network-proxy has one, it has that name, and `cluster` besides. */
export function createTunnelMetrics(registry: MetricRegistry): TunnelMetrics {
  return {
    dials: registry.histogram({
      name: `${prefix}dial_duration_seconds`,
      help: "Time from asking an agent for a connection to having it.",
      labels: ["cluster"],
    }),
    dialFailures: registry.counter({
      name: `${prefix}dial_failure_count`,
      help: "Connections that could not be made, by reason.",
      labels: ["cluster", "reason"],
    }),
    readyBackends: registry.gauge({
      name: `${prefix}ready_backends`,
      help: "Agent streams that are open.",
      labels: ["cluster"],
    }),
    cuts: registry.counter({
      name: `${prefix}slow_reader_cuts_total`,
      help: "Connections that were cut as their reader was too slow for an agent without flow control.",
      labels: ["cluster"],
    }),
    refusals: registry.counter({
      name: `${prefix}agent_refusals_total`,
      help: "Agents that were not let in, by reason.",
      labels: ["reason"],
    }),
  };
}
