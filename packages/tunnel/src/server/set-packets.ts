import type { PacketCounts } from "../protocol/packet-counts.ts";
import { packetNames } from "../protocol/packet.ts";
import type { TunnelMetrics } from "./tunnel-metrics.ts";

/** Exposes counts; of what there was none of, nothing. */
export function setPackets(
  metrics: TunnelMetrics,
  labels: { readonly cluster: string; readonly segment: string },
  counts: PacketCounts,
): void {
  for (const [at, type] of packetNames.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0) metrics.packets.set({ ...labels, packet_type: type }, count);
  }
}
