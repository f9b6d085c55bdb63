import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Informer } from "@cellplane/client";
import {
  type Cell,
  cellOfCluster,
  type FederatedObject,
  isClusterReady,
  joinedClusterOf,
  type KubeFedCluster,
  labels,
  type MemberView,
  membersOfType,
  type NamespaceLimit,
  type Observation,
  readLedger,
  type SyncView,
  targetNameOf,
  targetNamespaceOf,
  tenantOf,
  topologyTypeOf,
} from "@cellplane/federation";
import { ledgerOf } from "./ledger-store.ts";
import type { MemberWatches } from "./member-watches.ts";
import { revisionsOf } from "./revision-store.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** What a reconcile knows: read from caches only, at one moment. */
export function observe(
  object: FederatedObject,
  type: SyncedType,
  watches: MemberWatches,
  deps: SyncDependencies,
): SyncView {
  const { shared } = deps;
  const { typeConfig } = type;
  const namespace = object.metadata.namespace ?? "";
  const home = shared.namespaces.get(namespace);
  const declared = new Map(
    shared.topologyTypes.list().map((each) => [each.metadata.name ?? "", each.spec.over]),
  );
  const isNamespaceType = type.name === "namespaces";
  const hostNamespaceUid = isNamespaceType ? home?.metadata.uid : undefined;
  return {
    object,
    typeConfig,
    settings: { ...deps.settings().sync, controlPlaneId: deps.controlPlaneId },
    tenant: tenantOf((namespace === "" ? object : home)?.metadata.labels),
    over: membersOfType(topologyTypeOf(object), declared),
    namespaceLimit: namespaceLimitOf(object, type, deps, declared),
    members: new Map(
      shared.clusters
        .list()
        .map((cluster) => [
          cluster.metadata.name ?? "",
          viewMember(object, cluster, type, watches, deps),
        ]),
    ),
    ledger: readLedger(ledgerOf(object, type, shared)?.status),
    revisions: revisionsOf(object, type, shared),
    ...(hostNamespaceUid === undefined ? {} : { hostNamespaceUid }),
  };
}

function viewMember(
  object: FederatedObject,
  cluster: KubeFedCluster,
  type: SyncedType,
  watches: MemberWatches,
  deps: SyncDependencies,
): MemberView {
  const { targetType } = type.typeConfig;
  const cell = cellOf(cluster, deps);
  const joined = joinedClusterOf(cluster);
  const connection = deps.pool.get(joined);
  const servedVersions = connection?.servedVersions({
    group: targetType.group ?? "",
    resource: targetType.pluralName,
  });
  const informer = watches.get(joined);
  return {
    cluster,
    ...(cell === undefined ? {} : { cell }),
    observation: isClusterReady(cluster)
      ? observeObject(memberKey(object, cell, type), informer)
      : { kind: "unreachable" },
    ...(servedVersions === undefined ? {} : { servedVersions }),
  };
}

/** The Cell behind a derived cluster, as long as it is labelled as that Cell's. */
function cellOf(cluster: KubeFedCluster, { shared }: SyncDependencies): Cell | undefined {
  const named = cellOfCluster(cluster);
  if (!named) return undefined;
  const cell = shared.cells.get(`${named.namespace}/${named.cell}`);
  return cell?.spec.clusterRef.name === cluster.metadata.labels?.[labels.cluster]
    ? cell
    : undefined;
}

function observeObject(key: string, informer: Informer | undefined): Observation {
  if (!informer) return { kind: "unsynced", message: "the member's API has not been read yet" };
  const { lastError } = informer;
  if (lastError) return { kind: "unsynced", message: lastError.message };
  if (!informer.hasSynced) return { kind: "unsynced", message: "the first list is not in yet" };
  const object = informer.get(key);
  return object ? { kind: "present", object } : { kind: "absent" };
}

/** The cache key of the object in a member. */
export function memberKey(
  object: KubernetesObject,
  cell: Cell | undefined,
  { typeConfig, name: typeName }: SyncedType,
): string {
  const { name = "", namespace = "" } = object.metadata;
  const target = cell === undefined ? name : targetNameOf(cell, name);
  if (typeName === "namespaces" || typeConfig.targetType.scope === "Cluster") return target;
  return `${cell === undefined ? namespace : targetNamespaceOf(cell)}/${target}`;
}

function namespaceLimitOf(
  object: FederatedObject,
  { typeConfig, name }: SyncedType,
  deps: SyncDependencies,
  declared: Parameters<typeof membersOfType>[1],
): NamespaceLimit {
  if (typeConfig.targetType.scope === "Cluster" || name === "namespaces") return { kind: "none" };
  const informer = deps.federatedNamespaces();
  const { namespace = "" } = object.metadata;
  const limit = informer?.get(`${namespace}/${namespace}`);
  if (!limit) return { kind: "notFederated" };
  const over = membersOfType(topologyTypeOf(limit), declared);
  return over === undefined ? { kind: "notFederated" } : { kind: "federated", object: limit, over };
}
