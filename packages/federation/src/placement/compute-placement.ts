import type { FederatedObject, HeldPolicy } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { PropagationReason } from "../api/topology-status.ts";
import {
  cellTopologyType,
  clusterTopologyType,
  type TopologyMembers,
} from "../api/topology-type.ts";
import { wordsOf } from "../conversion/convert-federated-object.ts";
import type { TopologyWords } from "../conversion/topology-words.ts";
import { type MemberName, selectMembers, topologyNameOf } from "./select-members.ts";
import { isVisible, type Tenant, type VisibilityScope } from "./tenant-scope.ts";

/** What is needed to say where an object shall be. */
export interface PlacementView {
  /** In the cluster view. */
  readonly object: FederatedObject;
  /** Every KubeFedCluster that exists, of any tenant. */
  readonly clusters: readonly KubeFedCluster[];
  /** What the object's topology type groups; `undefined` where there is no such type. */
  readonly over: TopologyMembers | undefined;
  /** Of the object's namespace, or of the object itself where it has none. */
  readonly tenant: Tenant;
  readonly isolation: VisibilityScope["isolation"];
  /** Whether a FederatedNamespace limits it, and that object where there is one. */
  readonly namespaceLimit: NamespaceLimit;
}

/** How the FederatedNamespace bears on an object. */
export type NamespaceLimit =
  /** Cluster-scoped, a FederatedNamespace itself, or in a namespaced control plane without one. */
  | { readonly kind: "none" }
  | { readonly kind: "notFederated" }
  /** Whether there is one cannot be told: nothing may be placed, and above all nothing removed. */
  | { readonly kind: "unknown"; readonly message: string }
  | {
      readonly kind: "federated";
      readonly object: FederatedObject;
      readonly over: TopologyMembers;
    };

/** Where an object shall be, and where it may be touched. */
export interface Placement {
  /** Members that may be seen and belong to a topology, by name. */
  readonly visible: ReadonlyMap<MemberName, KubeFedCluster>;
  /** `P`: placement, after the tenant and the FederatedNamespace. */
  readonly placed: ReadonlySet<MemberName>;
  /** Names in placement that stand for nothing the object may see. */
  readonly missing: ReadonlySet<string>;
  /** `M`: absent is everything, empty is nothing. */
  readonly mask: ReadonlySet<MemberName> | undefined;
  readonly heldPolicy: HeldPolicy;
}

/** A placement, or why there is none: then nothing may be written anywhere. */
export type PlacementOutcome =
  | { readonly kind: "placed"; readonly placement: Placement; readonly reason: PropagationReason }
  | {
      readonly kind: "failed";
      readonly reason: "ComputePlacementFailed";
      readonly message: string;
    };

/** Computes placement and mask of an object. */
export function computePlacement(view: PlacementView): PlacementOutcome {
  const words = wordsOf(view.object);
  if (view.over === undefined) {
    return failed(
      `Cannot place as the topology type must exist: it is ${JSON.stringify(words.type)}`,
    );
  }
  const visible = visibleMembers(view, words, view.over);
  const clusters = Array.from(visible.values());
  const { placement, placementMask } = view.object.spec ?? {};
  const placed = selectMembers(placement, clusters, words);
  if (placed.kind === "invalid") return failed(placed.message);
  const mask = placementMask && selectMembers(placementMask, clusters, words);
  if (mask?.kind === "invalid") return failed(mask.message);
  const limit = limitOf(view, view.over);
  if (limit.kind === "invalid") return failed(limit.message);
  return {
    kind: "placed",
    reason: limit.reason,
    placement: {
      visible,
      placed: limit.members ? placed.members.intersection(limit.members) : placed.members,
      missing: placed.missing,
      mask: mask?.members,
      heldPolicy: placementMask?.heldPolicy ?? "Freeze",
    },
  };
}

/** What a type's members are, from the type's name and the TopologyTypes that exist. */
export function membersOfType(
  type: string,
  declared: ReadonlyMap<string, TopologyMembers>,
): TopologyMembers | undefined {
  if (type === clusterTopologyType) return "Clusters";
  return type === cellTopologyType ? "Cells" : declared.get(type);
}

function visibleMembers(
  { object, clusters, tenant, isolation }: PlacementView,
  words: TopologyWords,
  over: TopologyMembers,
): ReadonlyMap<MemberName, KubeFedCluster> {
  const scope = { over, namespace: object.metadata.namespace ?? "", tenant, isolation };
  const seen = clusters.filter(
    (cluster) => isVisible(cluster, scope) && topologyNameOf(cluster, words) !== undefined,
  );
  return new Map(seen.map((cluster) => [cluster.metadata.name ?? "", cluster]));
}

interface Limit {
  readonly kind: "limit";
  /** Absent: no limit. */
  readonly members?: ReadonlySet<MemberName>;
  readonly reason: PropagationReason;
}

function limitOf(
  view: PlacementView,
  over: TopologyMembers,
): Limit | { readonly kind: "invalid"; readonly message: string } {
  const { namespaceLimit: limit } = view;
  // Cells bring their own namespaces.
  if (over === "Cells" || limit.kind === "none") return { kind: "limit", reason: "" };
  if (limit.kind === "unknown") return { kind: "invalid", message: limit.message };
  if (limit.kind === "notFederated") {
    return { kind: "limit", members: new Set(), reason: "NamespaceNotFederated" };
  }
  const words = wordsOf(limit.object);
  const visible = visibleMembers({ ...view, object: limit.object }, words, limit.over);
  const selection = selectMembers(
    limit.object.spec?.placement,
    Array.from(visible.values()),
    words,
  );
  if (selection.kind === "invalid") return selection;
  return { kind: "limit", members: selection.members, reason: "" };
}

function failed(message: string): PlacementOutcome {
  return { kind: "failed", reason: "ComputePlacementFailed", message };
}
