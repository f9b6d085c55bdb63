import {
  type FederatedObject,
  isClusterReady,
  isVisible,
  joinedClusterOf,
  type KubeFedCluster,
  type MemberReplicas,
  type SchedulingView,
} from "@cellplane/federation";
import type { MemberWatches } from "../sync/member-watches.ts";
import { cellOf, memberKey } from "../sync/observe.ts";
import type { SyncDependencies, SyncedType } from "../sync/sync-dependencies.ts";
import { readMemberReplicas } from "./read-member-replicas.ts";

/** What is known of a workload in all members, and when that is to be looked at again. */
export interface ObservedReplicas {
  readonly replicas: SchedulingView["replicas"];
  /** Absent: not before something changes. */
  readonly nextAtMs?: number;
}

/** Reads a workload's replicas in every member that its tenant may see. */
export async function observeReplicas(
  object: FederatedObject,
  type: SyncedType,
  place: Pick<SchedulingView, "clusters" | "over" | "tenant" | "isolation">,
  { deps, watches }: { readonly deps: SyncDependencies; readonly watches: MemberWatches },
  signal: AbortSignal,
): Promise<ObservedReplicas> {
  const { over = "Clusters", tenant, isolation } = place;
  const scope = { over, tenant, isolation, namespace: object.metadata.namespace ?? "" };
  const seen = place.clusters.filter((cluster) => isVisible(cluster, scope));
  const nowMs = deps.nowMs();
  const found = await Promise.all(
    seen.map(async (cluster): Promise<readonly [string, MemberReplicas, number]> => {
      const { name = "" } = cluster.metadata;
      const lostAtMs = lostAt(cluster, deps);
      if (lostAtMs <= nowMs) return [name, { kind: "lost" }, Infinity];
      if (lostAtMs < Infinity) return [name, { kind: "unknown" }, lostAtMs];
      const replicas = await observeOne(object, cluster, type, { deps, watches }, signal);
      const { nextAtMs = Infinity } = replicas.kind === "present" ? replicas : {};
      return [name, replicas, nextAtMs];
    }),
  );
  const nextAtMs = Math.min(...found.map(([, , each]) => each));
  return {
    replicas: new Map(found.map(([name, replicas]) => [name, replicas])),
    ...(nextAtMs === Infinity ? {} : { nextAtMs }),
  };
}

/** When a cluster that is not ready counts as lost; never, as long as it is ready. */
function lostAt(cluster: KubeFedCluster, deps: SyncDependencies): number {
  if (isClusterReady(cluster)) return Infinity;
  const ready = cluster.status?.conditions?.find(({ type }) => type === "Ready");
  const sinceMs = Date.parse(ready?.lastTransitionTime ?? "");
  return Number.isNaN(sinceMs) ? -Infinity : sinceMs + deps.settings().unavailableDelayMs;
}

async function observeOne(
  object: FederatedObject,
  cluster: KubeFedCluster,
  type: SyncedType,
  { deps, watches }: { readonly deps: SyncDependencies; readonly watches: MemberWatches },
  signal: AbortSignal,
): Promise<MemberReplicas> {
  const joined = joinedClusterOf(cluster);
  const connection = deps.pool.get(joined);
  const informer = watches.get(joined);
  // What was last seen still counts while a watch is being taken up again.
  if (!connection || informer?.hasSynced !== true) return { kind: "unknown" };
  const workload = informer.get(memberKey(object, cellOf(cluster, deps), type));
  if (!workload) return { kind: "absent" };
  const report = {
    nowMs: deps.nowMs,
    onError: (error: unknown) => deps.onError(error, { controller: "scheduling", cluster: joined }),
  };
  return readMemberReplicas(workload, connection, report, signal);
}
