import type { OwnerReference } from "@cellplane/apimachinery";
import type { GraphNode } from "./owner-graph.ts";

/** Deleting with this finalizer waits for the dependents that block. */
export const foregroundFinalizer = "foregroundDeletion";
/** Deleting with this finalizer leaves the dependents. */
export const orphanFinalizer = "orphan";

/** What is known of an owner. */
export type OwnerState = "solid" | "dangling" | "waitingForDependents";

/** An object, its owners' states (in the order of `node.owners`) and its dependents. */
export interface CollectionView {
  readonly node: GraphNode;
  readonly owners: readonly OwnerState[];
  readonly dependents: readonly GraphNode[];
}

/** What to do with one object. */
export type CollectionStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "delete"; readonly policy: "Background" | "Foreground" | "Orphan" }
  | { readonly kind: "dropOwners"; readonly keep: readonly OwnerReference[] }
  /** Stay a dependent without holding up the owners' deletion. */
  | { readonly kind: "stopBlocking" }
  | { readonly kind: "orphanDependents"; readonly dependents: readonly GraphNode[] }
  | { readonly kind: "removeFinalizer"; readonly finalizer: string }
  /** Look at these dependents; the owner comes again when they change. */
  | { readonly kind: "waitFor"; readonly dependents: readonly GraphNode[] };

/** Decides on one object; Kubernetes' garbage collection as data. */
export function planCollection(view: CollectionView): CollectionStep {
  const { node } = view;
  if (node.isDeleting) return planDeletingOwner(view);
  if (node.owners.length === 0) return { kind: "nothing" };
  const keep = node.owners.filter((_, index) => view.owners[index] === "solid");
  if (keep.length === node.owners.length) return { kind: "nothing" };
  if (keep.length > 0) return { kind: "dropOwners", keep };
  if (view.owners.includes("waitingForDependents") && view.dependents.length > 0) {
    // An owner among the dependents is a cycle, in which each would wait for the other for ever.
    const isCycle = view.dependents.some(isWaitingForDependents);
    if (isCycle && node.owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) {
      return { kind: "stopBlocking" };
    }
    return { kind: "delete", policy: "Foreground" };
  }
  return { kind: "delete", policy: policyOf(node) };
}

function planDeletingOwner({ node, dependents }: CollectionView): CollectionStep {
  if (node.finalizers.includes(orphanFinalizer)) {
    return dependents.length > 0
      ? { kind: "orphanDependents", dependents }
      : { kind: "removeFinalizer", finalizer: orphanFinalizer };
  }
  if (!node.finalizers.includes(foregroundFinalizer)) return { kind: "nothing" };
  const blocking = dependents.filter((dependent) =>
    dependent.owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true),
  );
  if (blocking.length === 0) return { kind: "removeFinalizer", finalizer: foregroundFinalizer };
  return { kind: "waitFor", dependents: blocking };
}

function isWaitingForDependents({ isDeleting, finalizers }: GraphNode): boolean {
  return isDeleting && finalizers.includes(foregroundFinalizer);
}

function policyOf(node: GraphNode): "Background" | "Foreground" | "Orphan" {
  if (node.finalizers.includes(orphanFinalizer)) return "Orphan";
  return node.finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}
