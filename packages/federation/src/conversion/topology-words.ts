import type { ClusterOverride, ClusterSelection } from "../api/federated-object.ts";
import type { LabelSelectorObject } from "../api/label-selector.ts";
import { cellTopologyType, clusterTopologyType } from "../api/topology-type.ts";
import type { TopologyOverride, TopologySelection } from "../api/topology-view.ts";
import { memberNameOfCell, parseMemberName } from "./member-name.ts";

/** What the meaning of a name depends on; all of it stands in the object itself. */
export interface TopologyWords {
  readonly type: string;
  readonly namespace: string;
  readonly topologyKey: string | undefined;
}

/** Whether names of this type stand for values of a label rather than for KubeFedClusters. */
export function namesLabelValues(words: TopologyWords): boolean {
  return words.type !== clusterTopologyType && words.type !== cellTopologyType;
}

/** The KubeFedCluster that a topology's name stands for, for types `cluster` and `cell`. */
export function clusterOfTopology(name: string, words: TopologyWords): string {
  return words.type === cellTopologyType ? memberNameOfCell(words.namespace, name) : name;
}

/** The topology that a KubeFedCluster stands for; `undefined` where the type has none for it. */
export function topologyOfCluster(name: string, words: TopologyWords): string | undefined {
  if (words.type === clusterTopologyType) return name;
  if (words.type !== cellTopologyType) return undefined;
  const cell = parseMemberName(name);
  return cell?.namespace === words.namespace ? cell.cell : undefined;
}

/** The values that a selector of the form `<topologyKey> in (…)`, and nothing else, names. */
export function selectedValues(
  selector: LabelSelectorObject | undefined,
  words: TopologyWords,
): readonly string[] | undefined {
  const [expression, ...others] = selector?.matchExpressions ?? [];
  if (expression === undefined || others.length > 0 || selector?.matchLabels) return undefined;
  const { key, operator, values } = expression;
  return key === words.topologyKey && operator === "In" && values?.length ? values : undefined;
}

/** The selector of these topologies; `undefined` where it cannot be said. */
export function selectorOfValues(
  values: readonly string[],
  words: TopologyWords,
): LabelSelectorObject | undefined {
  if (words.topologyKey === undefined || values.length === 0) return undefined;
  return { matchExpressions: [{ key: words.topologyKey, operator: "In", values }] };
}

/** A placement or mask of the cluster view in the topology view's words. */
export function selectionToTopology<T extends ClusterSelection>(
  { clusters, clusterSelector, ...rest }: T,
  words: TopologyWords,
): Omit<T, keyof ClusterSelection> & TopologySelection {
  const selector = clusterSelector === undefined ? {} : { topologySelector: clusterSelector };
  if (clusters !== undefined) {
    const topologies = clusters.flatMap(({ name }) => {
      const topology = topologyOfCluster(name, words);
      return topology === undefined ? [] : [{ name: topology }];
    });
    // None of them can be said here: to show "nowhere" would be a lie that an edit could not correct.
    if (topologies.length === 0 && clusters.length > 0) return rest;
    return { ...rest, topologies, ...selector };
  }
  const values = namesLabelValues(words) ? selectedValues(clusterSelector, words) : undefined;
  if (values === undefined) return { ...rest, ...selector };
  return { ...rest, topologies: values.map((name) => ({ name })) };
}

/** A placement or mask of the topology view in the cluster view's words. */
export function selectionToCluster<T extends TopologySelection>(
  { topologies, topologySelector, ...rest }: T,
  words: TopologyWords,
): Omit<T, keyof TopologySelection> & ClusterSelection {
  const selector = topologySelector === undefined ? {} : { clusterSelector: topologySelector };
  if (topologies === undefined) return { ...rest, ...selector };
  if (!namesLabelValues(words)) {
    const clusters = topologies.map(({ name }) => ({ name: clusterOfTopology(name, words) }));
    return { ...rest, clusters, ...selector };
  }
  const names = topologies.map(({ name }) => name);
  const clusterSelector = selectorOfValues(names, words);
  // No names is "nowhere", which an empty `In` cannot say.
  return clusterSelector ? { ...rest, clusterSelector } : { ...rest, clusters: [] };
}

/** Overrides in the topology view's words; entries that have no form there are left out. */
export function overridesToTopology(
  overrides: readonly ClusterOverride[],
  words: TopologyWords,
): readonly TopologyOverride[] {
  return overrides.flatMap((override) => {
    const { clusterName, clusterSelector, clusterOverrides, ...rest } = override;
    const patches = clusterOverrides === undefined ? {} : { topologyOverrides: clusterOverrides };
    const selector = clusterSelector === undefined ? {} : { topologySelector: clusterSelector };
    if (clusterName !== undefined) {
      const topologyName = topologyOfCluster(clusterName, words);
      return topologyName === undefined ? [] : [{ ...rest, topologyName, ...selector, ...patches }];
    }
    const values = namesLabelValues(words) ? selectedValues(clusterSelector, words) : undefined;
    if (values?.length !== 1) return [{ ...rest, ...selector, ...patches }];
    return [{ ...rest, topologyName: values[0] ?? "", ...patches }];
  });
}

/** Overrides in the cluster view's words. */
export function overridesToCluster(
  overrides: readonly TopologyOverride[],
  words: TopologyWords,
): readonly ClusterOverride[] {
  return overrides.flatMap((override) => {
    const { topologyName, topologySelector, topologyOverrides, ...rest } = override;
    const patches = topologyOverrides === undefined ? {} : { clusterOverrides: topologyOverrides };
    const selector = topologySelector === undefined ? {} : { clusterSelector: topologySelector };
    if (topologyName === undefined) return [{ ...rest, ...selector, ...patches }];
    if (!namesLabelValues(words)) {
      const clusterName = clusterOfTopology(topologyName, words);
      return [{ ...rest, clusterName, ...selector, ...patches }];
    }
    const clusterSelector = selectorOfValues([topologyName], words);
    return clusterSelector ? [{ ...rest, clusterSelector, ...patches }] : [];
  });
}
