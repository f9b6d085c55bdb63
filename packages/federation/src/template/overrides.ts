import type { JsonPatchOperation } from "@cellplane/apimachinery";
import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { compileSelector, type LabelSet } from "../placement/label-selector.ts";

/** Paths that KubeFed refuses to override (reference §2.7): exactly these, not what is below. */
export const refusedOverridePaths: ReadonlySet<string> = new Set([
  "/metadata/namespace",
  "/metadata/name",
  "/metadata/generateName",
  "/kind",
]);

/** The patches that one cluster gets, in the order of the list, or why the list is no good. */
export type SelectedPatches =
  | { readonly kind: "patches"; readonly patches: readonly JsonPatchOperation[] }
  | { readonly kind: "failed"; readonly message: string };

/** What is wrong with a list of overrides for every cluster at once; `undefined` if nothing. */
export function findOverrideFault(overrides: readonly ClusterOverride[]): string | undefined {
  const names = new Set<string>();
  for (const override of overrides) {
    const { clusterName } = override;
    if (clusterName !== undefined && names.has(clusterName)) {
      return `Cannot apply overrides as a cluster may have one entry: ${JSON.stringify(clusterName)} has more`;
    }
    if (clusterName !== undefined) names.add(clusterName);
    const fault = findPathFault(override);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Chooses patches for one cluster after another; the list is looked through once. */
export type PatchSelector = (cluster: KubeFedCluster) => SelectedPatches;

/** A selector of patches: entries with the cluster's name, and those whose selector matches it. */
export function createPatchSelector(overrides: readonly ClusterOverride[]): PatchSelector {
  const named = new Map<string, IndexedPatches[]>();
  const selected: (IndexedPatches & { readonly matches: (labels: LabelSet) => boolean })[] = [];
  for (const [index, { clusterName, clusterSelector, clusterOverrides }] of overrides.entries()) {
    const entry = { index, patches: withOperations(clusterOverrides ?? []) };
    if (clusterName !== undefined) {
      named.set(clusterName, [...(named.get(clusterName) ?? []), entry]);
      continue;
    }
    const selector = compileSelector(clusterSelector);
    if (selector.kind === "invalid") return () => ({ kind: "failed", message: selector.message });
    selected.push({ ...entry, matches: selector.matches });
  }
  return ({ metadata }) => {
    const { name = "", labels = {} } = metadata;
    const matching = selected.filter(({ matches }) => matches(labels));
    const entries = [...(named.get(name) ?? []), ...matching].sort((a, b) => a.index - b.index);
    return { kind: "patches", patches: entries.flatMap(({ patches }) => patches) };
  };
}

interface IndexedPatches {
  /** Position in the list: later entries are applied later. */
  readonly index: number;
  readonly patches: readonly JsonPatchOperation[];
}

function withOperations(
  patches: NonNullable<ClusterOverride["clusterOverrides"]>,
): readonly JsonPatchOperation[] {
  return patches.map(({ op = "", ...patch }) => ({ ...patch, op: op === "" ? "replace" : op }));
}

function findPathFault({ clusterOverrides = [] }: ClusterOverride): string | undefined {
  const paths = new Set<string>();
  for (const { path } of clusterOverrides) {
    if (refusedOverridePaths.has(path)) {
      return `Cannot apply overrides as ${JSON.stringify(path)} may not be overridden`;
    }
    if (paths.has(path)) {
      return `Cannot apply overrides as a path may be overridden once: ${JSON.stringify(path)} is more often`;
    }
    paths.add(path);
  }
  return undefined;
}
