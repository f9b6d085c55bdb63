import {
  type FederatedObject,
  membersOfType,
  type PlacementView,
  tenantOf,
  topologyTypeOf,
} from "@cellplane/federation";
import { namespaceLimitOf } from "./observe.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** What an object's placement is computed from; `undefined` while part of it is still being read. */
export function placementViewOf(
  object: FederatedObject,
  type: SyncedType,
  deps: Pick<SyncDependencies, "shared" | "settings" | "federatedNamespaces">,
): PlacementView | undefined {
  const { shared } = deps;
  const declared = new Map(
    shared.topologyTypes.list().map((each) => [each.metadata.name ?? "", each.spec.over]),
  );
  const namespaceLimit = namespaceLimitOf(object, type, deps, declared);
  if (!namespaceLimit) return undefined;
  const { namespace = "" } = object.metadata;
  const home = namespace === "" ? object : shared.namespaces.get(namespace);
  return {
    object,
    clusters: shared.clusters.list(),
    over: membersOfType(topologyTypeOf(object), declared),
    tenant: tenantOf(home?.metadata.labels),
    isolation: deps.settings().sync.isolation,
    namespaceLimit,
  };
}
