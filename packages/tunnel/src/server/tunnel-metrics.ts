import type { Counter, Gauge, Histogram, MetricRegistry } from "@cellplane/metrics";

/** What a tunnel server counts. */
export interface TunnelMetrics {
  /** Seconds from asking for a connection to having it. */
  readonly dials: Histogram<"cluster">;
  readonly dialFailures: Counter<"cluster" | "reason">;
  readonly readyBackends: Gauge<"cluster">;
  readonly cuts: Counter<"cluster">;
  readonly refusals: Counter<"reason">;
  readonly pendingDials: Gauge<"cluster">;
  readonly connections: Gauge<"cluster">;
  /** Seconds from having a connection to its end. */
  readonly connectionSeconds: Histogram<"cluster">;
  readonly bytes: Counter<"cluster" | "segment">;
  readonly packets: Counter<"cluster" | "segment" | "packet_type">;
  readonly streamErrors: Counter<"cluster" | "segment" | "code">;
  readonly grpcConnections: Gauge<"service_method">;
  readonly heldAgents: Gauge<"service_method">;
  readonly httpConnections: Gauge<"cluster">;
  /** Seconds that bytes wait for a client to take them. */
  readonly frontendWrites: Histogram<"cluster">;
}

// From a request to a day: watches and shells last long.
const connectionBuckets = [0.1, 1, 10, 60, 300, 1800, 7200, 86_400];

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
    pendingDials: registry.gauge({
      name: `${prefix}pending_backend_dials`,
      help: "Connections that agents have been asked for and have not answered.",
      labels: ["cluster"],
    }),
    connections: registry.gauge({
      name: `${prefix}established_connections`,
      help: "Connections that go through agents.",
      labels: ["cluster"],
    }),
    connectionSeconds: registry.histogram({
      name: `${prefix}connection_duration_seconds`,
      help: "Time from having a connection to its end.",
      labels: ["cluster"],
      buckets: connectionBuckets,
    }),
    bytes: registry.counter({
      name: `${prefix}stream_bytes_total`,
      help: "Bytes on the connections with agents, as they are on the wire.",
      labels: ["cluster", "segment"],
    }),
    packets: registry.counter({
      name: `${prefix}stream_packets_total`,
      help: "Packets on agents' and clients' streams; connections of Cellplane's agents have streams of their own.",
      labels: ["cluster", "segment", "packet_type"],
    }),
    streamErrors: registry.counter({
      name: `${prefix}stream_errors_total`,
      help: "Agents' and clients' streams that ended by an error.",
      labels: ["cluster", "segment", "code"],
    }),
    grpcConnections: registry.gauge({
      name: `${prefix}grpc_connections`,
      help: "Streams that are open, by the method.",
      labels: ["service_method"],
    }),
    heldAgents: registry.gauge({
      name: `${prefix}full_receive_channels`,
      help: "Agents that are held back as readers are slower than they send.",
      labels: ["service_method"],
    }),
    httpConnections: registry.gauge({
      name: `${prefix}http_connections`,
      help: "Clients' connections by HTTP CONNECT.",
      labels: ["cluster"],
    }),
    frontendWrites: registry.histogram({
      name: `${prefix}frontend_write_duration_seconds`,
      help: "Time that bytes from an agent waited for their client to take them.",
      labels: ["cluster"],
    }),
  };
}
