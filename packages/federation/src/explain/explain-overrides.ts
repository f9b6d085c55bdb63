import type { ClusterOverride } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import {
  namesLabelValues,
  selectedValues,
  topologyOfCluster,
  type TopologyWords,
} from "../conversion/topology-words.ts";
import { compileSelector } from "../placement/label-selector.ts";
import { formatSelector } from "./format-selector.ts";
import type { AppliedOverride } from "./placement-explanation.ts";

/** The overrides that one member gets, in the order in which they are applied; paths, not values. */
export function explainOverrides(
  overrides: readonly ClusterOverride[],
  member: KubeFedCluster,
  words: TopologyWords,
): readonly AppliedOverride[] {
  return overrides.flatMap((override) => {
    const selectedBy = selectorOf(override, member, words);
    if (selectedBy === undefined) return [];
    const paths = (override.clusterOverrides ?? []).map(({ path }) => path);
    const { source } = override;
    return [{ paths, selectedBy, ...(source === undefined ? {} : { source }) }];
  });
}

/** What selects the member; `undefined` where nothing does. */
function selectorOf(
  { clusterName, clusterSelector }: ClusterOverride,
  { metadata }: KubeFedCluster,
  words: TopologyWords,
): string | undefined {
  const { name = "", labels = {} } = metadata;
  if (clusterName !== undefined) {
    if (clusterName !== name) return undefined;
    return `topologyName ${topologyOfCluster(name, words) ?? name}`;
  }
  const compiled = compileSelector(clusterSelector);
  if (compiled.kind === "invalid" || !compiled.matches(labels)) return undefined;
  const values = namesLabelValues(words) ? selectedValues(clusterSelector, words) : undefined;
  if (values?.length === 1) return `topologyName ${values[0] ?? ""}`;
  return `topologySelector ${formatSelector(clusterSelector ?? {})}`;
}

/** One sentence on them; `undefined` where there are none. */
export function overridesSentence(overrides: readonly AppliedOverride[]): string | undefined {
  if (overrides.length === 0) return undefined;
  const parts = overrides.map(({ paths, selectedBy, source }) => {
    const by = source === undefined ? selectedBy : `${selectedBy}, by ${source}`;
    return `${paths.join(", ")} (${by})`;
  });
  return `Overridden here: ${parts.join("; ")}`;
}
