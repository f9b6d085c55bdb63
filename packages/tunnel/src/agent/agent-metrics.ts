import type { Counter, Gauge, Histogram, MetricRegistry } from "@cellplane/metrics";

/** What an agent counts. */
export interface AgentMetrics {
  readonly dials: Histogram;
  readonly dialFailures: Counter<"reason">;
  readonly serverConnections: Gauge;
  readonly knownServers: Gauge;
  readonly endpointConnections: Gauge;
  readonly bytes: Counter<"segment">;
}

const prefix = "konnectivity_network_proxy_agent_";

/** Makes the metrics; where the apiserver-network-proxy has one, it has that name. */
export function createAgentMetrics(registry: MetricRegistry): AgentMetrics {
  return {
    dials: registry.histogram({
      name: `${prefix}dial_duration_seconds`,
      help: "Time to connect to a target.",
      labels: [],
    }),
    dialFailures: registry.counter({
      name: `${prefix}endpoint_dial_failure_total`,
      help: "Connections to targets that could not be made, by reason.",
      labels: ["reason"],
    }),
    serverConnections: registry.gauge({
      name: `${prefix}open_server_connections`,
      help: "Servers that the agent is connected to.",
      labels: [],
    }),
    knownServers: registry.gauge({
      name: `${prefix}known_server_count`,
      help: "Servers that there are, as one of them told last.",
      labels: [],
    }),
    endpointConnections: registry.gauge({
      name: `${prefix}open_endpoint_connections`,
      help: "Connections to targets.",
      labels: [],
    }),
    bytes: registry.counter({
      name: `${prefix}endpoint_bytes_total`,
      help: "Bytes to targets and from them, of connections that are over.",
      labels: ["segment"],
    }),
  };
}
