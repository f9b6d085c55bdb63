import type { JsonObject } from "@cellplane/apimachinery";

/** What a round of deleting the contents of a namespace found. */
export interface NamespaceContents {
  /** Groups that could not be discovered, with why. */
  readonly undiscovered: readonly string[];
  /** Resources whose objects could not be deleted, with why. */
  readonly failed: readonly string[];
  /** Objects left by resource, e.g. `configmaps` or `deployments.apps`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Objects left by the finalizer that holds them. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** Whether the namespace may go. */
export function isEmpty(contents: NamespaceContents): boolean {
  return (
    contents.undiscovered.length === 0 &&
    contents.failed.length === 0 &&
    contents.remaining.size === 0
  );
}

/** The five conditions of a namespace that is being deleted, with Kubernetes' reasons and texts. */
export function computeNamespaceConditions(
  contents: NamespaceContents,
  nowIso: string,
): readonly JsonObject[] {
  const { undiscovered, failed } = contents;
  const remaining = countsOf(
    contents.remaining,
    (name, count) => `${name} has ${count} resource instances`,
  );
  const finalizers = countsOf(
    contents.finalizers,
    (name, count) => `${name} in ${count} resource instances`,
  );
  return [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      undiscovered.length > 0 && {
        reason: "DiscoveryFailed",
        message: `Discovery failed for some groups, ${undiscovered.length} failing: ${undiscovered.join(", ")}`,
      },
      { reason: "ResourcesDiscovered", message: "All resources successfully discovered" },
      nowIso,
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      { reason: "ParsedGroupVersions", message: "All legacy kube types successfully parsed" },
      nowIso,
    ),
    condition(
      "NamespaceDeletionContentFailure",
      failed.length > 0 && {
        reason: "ContentDeletionFailed",
        message: `Failed to delete all resource types, ${failed.length} remaining: ${failed.join(", ")}`,
      },
      {
        reason: "ContentDeleted",
        message: "All content successfully deleted, may be waiting on finalization",
      },
      nowIso,
    ),
    condition(
      "NamespaceContentRemaining",
      remaining !== "" && {
        reason: "SomeResourcesRemain",
        message: `Some resources are remaining: ${remaining}`,
      },
      { reason: "ContentRemoved", message: "All content successfully removed" },
      nowIso,
    ),
    condition(
      "NamespaceFinalizersRemaining",
      finalizers !== "" && {
        reason: "SomeFinalizersRemain",
        message: `Some content in the namespace has finalizers remaining: ${finalizers}`,
      },
      { reason: "ContentHasNoFinalizers", message: "All content-preserving finalizers finished" },
      nowIso,
    ),
  ];
}

interface Told {
  readonly reason: string;
  readonly message: string;
}

function condition(type: string, problem: Told | false, fine: Told, nowIso: string): JsonObject {
  return {
    type,
    status: problem === false ? "False" : "True",
    lastTransitionTime: nowIso,
    ...(problem === false ? fine : problem),
  };
}

function countsOf(
  counts: ReadonlyMap<string, number>,
  tell: (name: string, count: number) => string,
): string {
  return Array.from(counts)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => tell(name, count))
    .join(", ");
}
