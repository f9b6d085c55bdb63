import { isStatus } from "@cellplane/apimachinery";
import { type SyncView, type TopologyDecision, tombstoneOf } from "@cellplane/federation";
import { tombstones } from "../shared/federation-resources.ts";
import type { SyncDependencies } from "./sync-dependencies.ts";

/** Notes what an abandoned topology may still hold, so that it is removed when its cluster returns. */
export async function storeTombstone(
  view: SyncView,
  decision: TopologyDecision,
  { client, systemNamespace }: SyncDependencies,
  signal: AbortSignal,
): Promise<void> {
  const tombstone = tombstoneOf(decision, view, systemNamespace);
  if (!tombstone) return;
  try {
    await client.create({ ...tombstones, namespace: systemNamespace }, tombstone, {}, signal);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}
