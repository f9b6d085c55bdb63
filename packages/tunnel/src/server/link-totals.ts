import type { PacketLink } from "../link/packet-link.ts";
import { addPackets, noPackets } from "../protocol/packet-counts.ts";
import { setPackets } from "./set-packets.ts";
import type { TunnelMetrics } from "./tunnel-metrics.ts";

interface Totals {
  toAgent: number;
  fromAgent: number;
  readonly packetsToAgent: number[];
  readonly packetsFromAgent: number[];
}

/** What has gone through the agents of each cluster, also those that have left. */
export class LinkTotals {
  readonly #ended = new Map<string, Totals>();

  /** Takes over the counts of a link that is over. */
  end(link: PacketLink): void {
    const known = this.#ended.get(link.cluster);
    const totals = known ?? makeTotals();
    add(totals, link);
    if (!known) this.#ended.set(link.cluster, totals);
  }

  /** Sets what is exposed to what it is now. Clusters that are gone are forgotten. */
  collect(
    links: readonly PacketLink[],
    metrics: TunnelMetrics,
    isKnown: (cluster: string) => boolean,
  ): void {
    for (const cluster of this.#ended.keys()) if (!isKnown(cluster)) this.#ended.delete(cluster);
    metrics.pendingDials.remove({});
    metrics.connections.remove({});
    metrics.grpcConnections.set({ service_method: "Connect" }, links.length);
    metrics.heldAgents.set(
      { service_method: "Connect" },
      links.filter(({ isHeld }) => isHeld).length,
    );
    for (const [cluster, totals] of this.#sum(links)) {
      metrics.bytes.set({ cluster, segment: "to_agent" }, totals.toAgent);
      metrics.bytes.set({ cluster, segment: "from_agent" }, totals.fromAgent);
      setPackets(metrics, { cluster, segment: "to_agent" }, totals.packetsToAgent);
      setPackets(metrics, { cluster, segment: "from_agent" }, totals.packetsFromAgent);
    }
    for (const { cluster, counts } of links) {
      metrics.pendingDials.add({ cluster }, counts.pendingDials);
      metrics.connections.add({ cluster }, counts.connections);
    }
  }

  #sum(links: readonly PacketLink[]): ReadonlyMap<string, Totals> {
    const sums = new Map<string, Totals>();
    for (const [cluster, totals] of this.#ended) sums.set(cluster, structuredClone(totals));
    for (const link of links) {
      const known = sums.get(link.cluster) ?? makeTotals();
      add(known, link);
      sums.set(link.cluster, known);
    }
    return sums;
  }
}

function makeTotals(): Totals {
  return { toAgent: 0, fromAgent: 0, packetsToAgent: noPackets(), packetsFromAgent: noPackets() };
}

function add(totals: Totals, { counts, packets }: PacketLink): void {
  totals.toAgent += counts.sentBytes;
  totals.fromAgent += counts.receivedBytes;
  addPackets(totals.packetsToAgent, packets.sent);
  addPackets(totals.packetsFromAgent, packets.received);
}
