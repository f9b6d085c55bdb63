import type { KubernetesObject } from "@cellplane/apimachinery";
import type { Cell } from "../api/cell.ts";
import type { FederatedObject } from "../api/federated-object.ts";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import type { TopologyMembers } from "../api/topology-type.ts";
import type { NamespaceLimit } from "../placement/compute-placement.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { Tenant } from "../placement/tenant-scope.ts";
import type { Ledger } from "./ledger.ts";
import type { Revision } from "./revision.ts";

/** What is known of the object in one member. */
export type Observation =
  /** The cluster is not ready, or cannot be reached. */
  | { readonly kind: "unreachable" }
  /** The member's cache is not in yet (or failed, and why): unknown, and never "absent". */
  | {
      readonly kind: "unsynced";
      readonly message?: string;
      /** It is being read for the first time, and nothing has gone wrong yet. */
      readonly isStarting?: true;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly object: KubernetesObject };

/** A field that was changed back too often; no more is written until the rendering is another. */
export interface FieldConflict {
  /** Of the rendering that does not stay. */
  readonly hash: string;
  /** JSON pointer. */
  readonly field: string;
}

/** One KubeFedCluster, and what is known of the object there. */
export interface MemberView {
  readonly cluster: KubeFedCluster;
  /** The cell that a derived cluster stands for; `undefined` for joined ones, or where it is gone. */
  readonly cell?: Cell;
  readonly observation: Observation;
  /** Versions of the target's group and resource that the member serves; absent: not known. */
  readonly servedVersions?: readonly string[];
  /** Set while something in the member keeps undoing what we write. */
  readonly conflict?: FieldConflict;
  /** For Namespaces and CRDs: federated objects whose ledger says they stand in it, there. */
  readonly dependents?: readonly string[];
}

/** Settings that the plan depends on. */
export interface SyncSettings {
  /** Made once for a control plane; part of every member object's `source`. */
  readonly controlPlaneId: string;
  readonly adoption: "adopt" | "refuse";
  readonly isolation: "byTenant" | "off";
  /** `off` (the gate `PlacementMask`): masks are ignored. */
  readonly masks: "on" | "off";
  /** `off` (the gate `PropagatingAnnotations`): no template annotation is propagated. */
  readonly annotationPolicy: "on" | "off";
  /** Of KubeFedConfig; the object's own limit wins. */
  readonly revisionHistoryLimit: number;
}

/** Everything one reconcile decides by. It is read once, and never changed. */
export interface SyncView {
  /** In the cluster view. */
  readonly object: FederatedObject;
  readonly typeConfig: FederatedTypeConfigSpec;
  readonly settings: SyncSettings;
  /** Of the object's namespace, or of the object itself where it has none. */
  readonly tenant: Tenant;
  /** What the object's topology type groups; `undefined` where no such type exists. */
  readonly over: TopologyMembers | undefined;
  readonly namespaceLimit: NamespaceLimit;
  /** Every KubeFedCluster that the object may see, by name; there may be others of any tenant. */
  readonly members: ReadonlyMap<MemberName, MemberView>;
  readonly ledger: Ledger;
  /** The kept revisions, in any order. */
  readonly revisions: readonly Revision[];
  /** For FederatedNamespaces: the uid of the control plane's own Namespace of that name. */
  readonly hostNamespaceUid?: string;
}
