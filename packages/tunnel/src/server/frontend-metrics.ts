import { noPackets } from "../protocol/packet-counts.ts";
import { setPackets } from "./set-packets.ts";
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
  return { connects: 0, fromClient: noPackets(), toClient: noPackets() };
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
    const { httpConnections, grpcConnections } = this.#metrics;
    grpcConnections.set({ service_method: "Proxy" }, this.streams);
    httpConnections.remove({});
    for (const [cluster, { connects, fromClient, toClient }] of this.#clusters) {
      if (cluster !== "" && connects === 0 && !isKnown(cluster)) this.#clusters.delete(cluster);
      if (cluster !== "") httpConnections.set({ cluster }, connects);
      setPackets(this.#metrics, { cluster, segment: "from_client" }, fromClient);
      setPackets(this.#metrics, { cluster, segment: "to_client" }, toClient);
    }
  }
}
