import { type Packet, packetNames } from "./packet.ts";

/** How many packets there were, by type. */
export type PacketCounts = readonly number[];

/** None of any type. */
export function noPackets(): number[] {
  return packetNames.map(() => 0);
}

/** Counts a packet. */
export function countPacket(counts: number[], { type }: Packet): void {
  const before = counts[type];
  // Types of later versions have no name.
  if (before !== undefined) counts[type] = before + 1;
}

/** Adds counts to those of others. */
export function addPackets(sums: number[], counts: PacketCounts): void {
  for (const at of packetNames.keys()) sums[at] = (sums[at] ?? 0) + (counts[at] ?? 0);
}
