import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { PropagationReason, TopologyStatusName } from "../api/topology-status.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { Revision } from "./revision.ts";

/** Which object of a member is meant. */
export interface MemberObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** The plural, for paths. */
  readonly resource: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly name: string;
}

/** One write to one member, or none. */
export type SyncOperation =
  | { readonly kind: "none" }
  /** `namespace`: the cell's namespace, to be there first. */
  | {
      readonly kind: "create";
      readonly object: KubernetesObject;
      readonly namespace?: KubernetesObject;
    }
  /** A PUT; `metadata.resourceVersion` is the one that was read. */
  | { readonly kind: "update"; readonly object: KubernetesObject }
  /** A DELETE with these preconditions and the object's own options. */
  | { readonly kind: "delete"; readonly options: JsonObject }
  /** A JSON merge patch that takes away label and annotations: the object stays, unmanaged. */
  | { readonly kind: "release"; readonly patch: JsonObject };

/** What becomes of the ledger entry whatever the operation comes to. */
export type LedgerChange =
  | { readonly kind: "keep" }
  | { readonly kind: "set"; readonly entry: LedgerEntry }
  | { readonly kind: "drop" };

/** Where a member stands. */
export interface Standing {
  readonly revision: number;
  readonly hash: string;
  readonly adopted: boolean;
}

/** What is done in one topology on one cluster, what is reported, and why. */
export interface TopologyDecision {
  /** The KubeFedCluster; for a missing topology, the name as placement gives it. */
  readonly member: MemberName;
  readonly topology: string;
  /** The joined cluster; absent for a missing topology. */
  readonly cluster?: string;
  readonly inPlacement: boolean;
  readonly inMask: boolean;
  /** Absent for a missing topology. */
  readonly target?: MemberObjectRef;
  readonly operation: SyncOperation;
  /** What a successful create or update brings the member to. */
  readonly brings?: Standing;
  readonly ledger: LedgerChange;
  /**
   * Set where the write only undoes a change made in the member: the JSON pointer of the first
   * field that differs, `""` where only something was added.
   */
  readonly repairs?: string;
  /** What is reported if nothing is written, or the write succeeds. `""` is fine. */
  readonly status: TopologyStatusName;
  /** Not every member concerned is shown: one that is out of placement and done with is not. */
  readonly reported: boolean;
  /** One sentence: which rule decided this. */
  readonly reason: string;
  /** Where the member stands now, by itself or else by the ledger. */
  readonly revision?: number;
  readonly behind: number;
  readonly drifted: boolean;
}

/** What shall happen to the finalizer. */
export type FinalizerChange = "keep" | "add" | "remove";

/** Everything one reconcile does. */
export interface SyncPlan {
  /** Of the object that was planned for: a newer one makes this plan void. */
  readonly generation: number;
  readonly uid: string;
  readonly mode: "sync" | "delete" | "orphan";
  readonly finalizer: FinalizerChange;
  /** To be stored before any write to a member. */
  readonly newRevision?: Revision;
  /** Numbers of revisions that are to be kept no longer. */
  readonly pruneRevisions: readonly number[];
  readonly currentRevision: number;
  readonly desiredRevision: number;
  readonly decisions: readonly TopologyDecision[];
  /** Why the whole could not be planned, or `""`. */
  readonly reason: PropagationReason;
  readonly message: string;
  /** Topologies that a deletion waits for. */
  readonly blockedBy: readonly BlockedTopology[];
  /** Topologies that a deletion gave up: a Tombstone each. */
  readonly abandoned: readonly TopologyDecision[];
  /** Warnings about the template (events in KubeFed). */
  readonly warnings: readonly PlanWarning[];
}

/** A topology that keeps the object from going. */
export interface BlockedTopology {
  readonly topology: string;
  readonly status: TopologyStatusName;
  readonly reason: string;
}

/** Something that the user should know; `reason` is KubeFed's event reason. */
export interface PlanWarning {
  readonly reason: "AnnotationsNotSupported" | "FinalizersNotSupported";
  readonly message: string;
}
