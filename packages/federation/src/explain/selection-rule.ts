import type { ClusterSelection } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import {
  namesLabelValues,
  selectedValues,
  type TopologyWords,
} from "../conversion/topology-words.ts";
import { compileSelector } from "../placement/label-selector.ts";
import { topologyNameOf } from "../placement/select-members.ts";
import { formatSelector } from "./format-selector.ts";

/** How a placement or a mask comes to select a member, or not to. */
export type SelectionRule =
  | { readonly kind: "names"; readonly selected: boolean; readonly none: boolean }
  | { readonly kind: "selector"; readonly selected: boolean; readonly selector: string }
  /** Neither names nor a selector. */
  | { readonly kind: "nothing"; readonly selected: false };

/**
 * Which part of a selection decides about a member that is seen: the reading of `selectMembers`,
 * one member at a time. A selector that says nothing but values of the topology's label stands for
 * names, as in the topology view.
 */
export function selectionRule(
  selection: ClusterSelection | undefined,
  member: KubeFedCluster,
  words: TopologyWords,
): SelectionRule {
  const { name = "", labels = {} } = member.metadata;
  if (selection?.clusters !== undefined) {
    const selected = selection.clusters.some((each) => each.name === name);
    return { kind: "names", selected, none: selection.clusters.length === 0 };
  }
  const selector = selection?.clusterSelector;
  if (selector === undefined) return { kind: "nothing", selected: false };
  const values = namesLabelValues(words) ? selectedValues(selector, words) : undefined;
  if (values !== undefined) {
    const topology = topologyNameOf(member, words);
    const selected = topology !== undefined && values.includes(topology);
    return { kind: "names", selected, none: false };
  }
  const compiled = compileSelector(selector);
  const selected = compiled.kind === "selector" && compiled.matches(labels);
  return { kind: "selector", selected, selector: formatSelector(selector) };
}
