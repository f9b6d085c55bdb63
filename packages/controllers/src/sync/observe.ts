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
import { visibleClusters } from "../shared/shared-informers.ts";
import { ledgerOf } from "./ledger-store.ts";
import { type Dependents, dependentsOf } from "./dependents.ts";
import type { MemberWatches } from "./member-watches.ts";
import type { RepairLog } from "./repair-log.ts";
import { revisionsOf } from "./revision-store.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";

/** What is known of members, besides the caches of the control plane. */
export interface MemberKnowledge {
  /** Of the object, for the log of repairs. */
  readonly key: string;
  readonly watches: MemberWatches;
  readonly repairs: RepairLog;
}

/**
 * What a reconcile knows: read from caches only, at one moment; `undefined` while something that
 * decides about everything is still being read.
 */
export function observe(
  object: FederatedObject,
  type: SyncedType,
  knowledge: MemberKnowledge,
  deps: SyncDependencies,
): SyncView | undefined {
  const { shared } = deps;
  const { typeConfig } = type;
  const namespace = object.metadata.namespace ?? "";
  const home = shared.namespaces.get(namespace);
  const declared = new Map(
    shared.topologyTypes.list().map((each) => [each.metadata.name ?? "", each.spec.over]),
  );
  const namespaceLimit = namespaceLimitOf(object, type, deps, declared);
  if (!namespaceLimit) return undefined;
  const dependents = dependentsOf(object, type, shared);
  const isNamespaceType = type.name === "namespaces";
  const hostNamespaceUid = isNamespaceType ? home?.metadata.uid : undefined;
  const settings = { ...deps.settings().sync, controlPlaneId: deps.controlPlaneId };
  const tenant = tenantOf((namespace === "" ? object : home)?.metadata.labels);
  const clusters = visibleClusters(shared, { namespace, tenant, isolation: settings.isolation });
  return {
    object,
    typeConfig,
    settings,
    tenant,
    over: membersOfType(topologyTypeOf(object), declared),
    namespaceLimit,
    members: new Map(
      clusters.map((cluster) => [
        cluster.metadata.name ?? "",
        viewMember(object, cluster, type, { ...knowledge, dependents }, deps),
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
  { key, watches, repairs, dependents }: MemberKnowledge & { readonly dependents: Dependents },
  deps: SyncDependencies,
): MemberView {
  const { name = "" } = cluster.metadata;
  const conflict = repairs.conflictIn(key, name, deps.nowMs());
  const standing = dependents.get(name);
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
      ? observeObject(memberKey(object, cell, type), informer, servedVersions)
      : { kind: "unreachable" },
    ...(servedVersions === undefined ? {} : { servedVersions }),
    ...(conflict === undefined ? {} : { conflict }),
    ...(standing === undefined ? {} : { dependents: standing }),
  };
}

/** The Cell behind a derived cluster, as long as it is labelled as that Cell's. */
export function cellOf(
  cluster: KubeFedCluster,
  { shared }: Pick<SyncDependencies, "shared">,
): Cell | undefined {
  const named = cellOfCluster(cluster);
  if (!named) return undefined;
  const cell = shared.cells.get(`${named.namespace}/${named.cell}`);
  return cell?.spec.clusterRef.name === cluster.metadata.labels?.[labels.cluster]
    ? cell
    : undefined;
}

function observeObject(
  key: string,
  informer: Informer | undefined,
  servedVersions: readonly string[] | undefined,
): Observation {
  // Where a kind is not served at all, there is nothing of it.
  if (servedVersions?.length === 0) return { kind: "absent" };
  if (!informer) {
    return {
      kind: "unsynced",
      message: "the member's API has not been read yet",
      isStarting: true,
    };
  }
  const { lastError } = informer;
  if (lastError) return { kind: "unsynced", message: lastError.message };
  if (!informer.hasSynced) {
    return { kind: "unsynced", message: "the first list is not in yet", isStarting: true };
  }
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

/** `undefined` while the FederatedNamespaces are not read yet: absence is not known then. */
export function namespaceLimitOf(
  object: FederatedObject,
  { typeConfig, name }: SyncedType,
  deps: Pick<SyncDependencies, "federatedNamespaces" | "settings">,
  declared: Parameters<typeof membersOfType>[1],
): NamespaceLimit | undefined {
  if (typeConfig.targetType.scope === "Cluster" || name === "namespaces") return { kind: "none" };
  const source = deps.federatedNamespaces();
  if (source.kind === "starting") return undefined;
  const { namespace = "" } = object.metadata;
  const limit =
    source.kind === "off" ? undefined : source.informer.get(`${namespace}/${namespace}`);
  if (!limit && deps.settings().scope === "Namespaced") return { kind: "none" };
  if (source.kind === "off") {
    const message =
      "FederatedNamespaces are switched off, so it is not known where the namespace may be";
    return { kind: "unknown", message };
  }
  // One that is going takes with it what it holds.
  if (!limit || limit.metadata.deletionTimestamp !== undefined) return { kind: "notFederated" };
  const over = membersOfType(topologyTypeOf(limit), declared);
  if (over !== undefined) return { kind: "federated", object: limit, over };
  const message = `the topology type of FederatedNamespace ${JSON.stringify(namespace)} does not exist`;
  return { kind: "unknown", message };
}
