import { packetNames } from "../protocol/packet.ts";
import type { TunnelMetrics } from "./tunnel-metrics.ts";

/** Counts of one cluster's clients. */
export interface ClientCounts {
  /** Connections by `CONNECT` that stand. */
  connects: number;
  /** By type. */
  readonly fromClient: number[];
  readonly toClient: number[];
}

/** Nothing counted yet. */
export function noClientCounts(): ClientCounts {
  const none = (): number[] => packetNames.map(() => 0);
  return { connects: 0, fromClient: none(), toClient: none() };
}

/** What frontends count, which the server exposes. */
export class FrontendMetrics {
  readonly #metrics: TunnelMetrics;
  readonly #clusters = new Map<string, ClientCounts>();
  /** Clients' gRPC streams that are open. */
  streams = 0;

  constructor(metrics: TunnelMetrics) {
    this.#metrics = metrics;
  }

  /** Those of a cluster that exists, to be changed; empty: of whoever has reached none. */
  of(cluster: string): ClientCounts {
    const known = this.#clusters.get(cluster);
    if (known) return known;
    const counts = noClientCounts();
    this.#clusters.set(cluster, counts);
    return counts;
  }

  /** Bytes waited so long for their client to take them. */
  written(cluster: string, seconds: number): void {
    this.#metrics.frontendWrites.observe({ cluster }, seconds);
  }

  /** A client's stream ended by an error. */
  failed(cluster: string, code: string): void {
    this.#metrics.streamErrors.add({ cluster, segment: "from_client", code });
  }

  /** Sets what is exposed to what it is now. Clusters that are gone are forgotten. */
  collect(isKnown: (cluster: string) => boolean): void {
    const { packets, httpConnections, grpcConnections } = this.#metrics;
    grpcConnections.set({ service_method: "Proxy" }, this.streams);
    httpConnections.remove({});
    for (const [cluster, { connects, fromClient, toClient }] of this.#clusters) {
      if (cluster !== "" && connects === 0 && !isKnown(cluster)) this.#clusters.delete(cluster);
      if (cluster !== "") httpConnections.set({ cluster }, connects);
      for (const [at, packet_type] of packetNames.entries()) {
        const [from = 0, to = 0] = [fromClient[at], toClient[at]];
        if (from > 0) packets.set({ cluster, segment: "from_client", packet_type }, from);
        if (to > 0) packets.set({ cluster, segment: "to_client", packet_type }, to);
      }
    }
  }
}
