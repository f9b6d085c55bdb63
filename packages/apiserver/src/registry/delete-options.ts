import type { KubernetesObject } from "@cellplane/apimachinery";

/** What a client may say of a deletion. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  /** The old form of `propagationPolicy`. */
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

const orphan = "orphan";
const foreground = "foregroundDeletion";

/**
 * The finalizers with which an object waits for its deletion: its own, and the garbage collector's
 * where the policy gives that one something to do first. An explicit policy replaces an earlier one.
 */
export function deletionFinalizers(
  object: KubernetesObject,
  options: DeleteOptions,
  byDefault: "background" | "orphan" = "background",
): readonly string[] {
  const present = object.metadata.finalizers ?? [];
  const collector = collectorFinalizer(present, options, byDefault);
  const own = present.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (collector === undefined) return own;
  return present.includes(collector)
    ? present.filter((finalizer) => own.includes(finalizer) || finalizer === collector)
    : [...own, collector];
}

function collectorFinalizer(
  present: readonly string[],
  options: DeleteOptions,
  byDefault: "background" | "orphan",
): string | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? orphan : undefined;
  switch (options.propagationPolicy) {
    case "Orphan":
      return orphan;
    case "Foreground":
      return foreground;
    case "Background":
      return undefined;
    case undefined:
      if (present.includes(orphan)) return orphan;
      if (present.includes(foreground)) return foreground;
      return byDefault === "orphan" ? orphan : undefined;
  }
}
