import { abortableDelay } from "@cellplane/client";
import { cellOfCluster, isClusterReady } from "@cellplane/federation";
import type { MemberWatches } from "./member-watches.ts";
import type { SyncDependencies } from "./sync-dependencies.ts";

// A member that does not tell what it has in this time is skipped, and reported as not known.
const limitMs = 10_000;
const lookEveryMs = 25;

/**
 * Resolves when it is known what every Ready member has, or cannot be: objects that are in step
 * are then recognised at their first look, and none is reported as unknown for a moment.
 */
export async function waitForMembers(
  watches: MemberWatches,
  { shared }: SyncDependencies,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  while (!limit.aborted) {
    const awaited = shared.clusters
      .list()
      .filter((cluster) => cellOfCluster(cluster) === undefined && isClusterReady(cluster))
      // Each is asked for at once, so that all are read at the same time.
      .filter(({ metadata }) => !watches.isKnown(metadata.name ?? ""));
    if (awaited.length === 0) return;
    await abortableDelay(lookEveryMs, limit);
  }
}
