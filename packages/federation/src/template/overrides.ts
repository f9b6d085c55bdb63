import type { JsonPatchOperation } from "@cellplane/apimachinery";
import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { compileSelector } from "../placement/label-selector.ts";

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

/** The patches for one cluster: entries with its name, and those whose selector matches it. */
export function selectPatches(
  overrides: readonly ClusterOverride[],
  cluster: KubeFedCluster,
): SelectedPatches {
  const { name, labels = {} } = cluster.metadata;
  const patches: JsonPatchOperation[] = [];
  for (const { clusterName, clusterSelector, clusterOverrides = [] } of overrides) {
    const selector = compileSelector(clusterSelector);
    if (selector.kind === "invalid") return { kind: "failed", message: selector.message };
    const applies = clusterName === undefined ? selector.matches(labels) : clusterName === name;
    if (!applies) continue;
    for (const { op = "", ...patch } of clusterOverrides) {
      patches.push({ ...patch, op: op === "" ? "replace" : op });
    }
  }
  return { kind: "patches", patches };
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
