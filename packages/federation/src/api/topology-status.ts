/**
 * What a topology's entry can report. KubeFed's strings (reference §2.10) and, from `Held` on,
 * ours (design/federation.md §4, §6). The empty string, which is left out of the object, is "fine".
 */
export const topologyStatuses = [
  "",
  "WaitingForRemoval",
  "ClusterNotReady",
  "CachedRetrievalFailed",
  "ComputeResourceFailed",
  "ApplyOverridesFailed",
  "CreationFailed",
  "UpdateFailed",
  "DeletionFailed",
  "LabelRemovalFailed",
  "RetrievalFailed",
  "AlreadyExists",
  "FieldRetentionFailed",
  "VersionRetrievalFailed",
  "ClientRetrievalFailed",
  "ManagedLabelFalse",
  "CreationTimedOut",
  "UpdateTimedOut",
  "DeletionTimedOut",
  "LabelRemovalTimedOut",
  "Held",
  "NotReleased",
  "PendingRemoval",
  "AlreadyOwned",
  "AheadOfControlPlane",
  "TopologyNotFound",
  "FieldConflict",
  "VersionNotServed",
] as const;

/** One of them. */
export type TopologyStatusName = (typeof topologyStatuses)[number];

/** Statuses after which the reconcile is tried again with a growing delay (reference §2.10). */
export const recoverableStatuses: ReadonlySet<TopologyStatusName> = new Set<TopologyStatusName>([
  "CreationFailed",
  "UpdateFailed",
  "DeletionFailed",
  "LabelRemovalFailed",
  "RetrievalFailed",
  "ClientRetrievalFailed",
  "CreationTimedOut",
  "UpdateTimedOut",
  "DeletionTimedOut",
  "LabelRemovalTimedOut",
]);

/** Condition types of a federated object. */
export const conditionTypes = {
  propagation: "Propagation",
  released: "Released",
  deletion: "Deletion",
  /** Of workloads that ask to be followed by what their pods need. */
  dependencies: "Dependencies",
} as const;

/** Reasons of `Propagation`; the empty one stands for success. */
export type PropagationReason =
  | ""
  | "CheckClusters"
  | "ClusterRetrievalFailed"
  | "ComputePlacementFailed"
  | "NamespaceNotFederated"
  | "RevisionNotFound";
