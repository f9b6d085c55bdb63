import type { PropagationReason } from "../api/topology-status.ts";
import type { TopologyReport } from "./topology-report.ts";

/** What a status is computed from. */
export interface StatusInput {
  readonly topologyType: string;
  readonly generation: number;
  readonly currentRevision: number;
  readonly desiredRevision: number;
  readonly mode: "sync" | "delete" | "orphan";
  readonly reason: PropagationReason;
  readonly message: string;
  /** Only what is to be shown. */
  readonly reports: readonly TopologyReport[];
  /** Topologies that a deletion waits for, with why. */
  readonly blockedBy: readonly { readonly topology: string; readonly reason: string }[];
  /** Whether `Propagation` also waits for every member's status. */
  readonly remoteStatus: "awaited" | "optional";
  /** RFC 3339, seconds. */
  readonly now: string;
}

/** Whether a topology stands at the desired revision, as far as is known. */
export function isReleased(
  { revision, behind, status }: TopologyReport,
  desiredRevision: number,
): boolean {
  return revision === desiredRevision && behind === 0 && status !== "TopologyNotFound";
}
