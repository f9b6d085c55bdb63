import type { ClusterSelection } from "../api/federated-object.ts";
import type { KubeFedCluster } from "../api/kubefed-cluster.ts";
import { cellTopologyType, clusterTopologyType } from "../api/topology-type.ts";
import {
  namesLabelValues,
  selectedValues,
  type TopologyWords,
} from "../conversion/topology-words.ts";
import { compileSelector } from "./label-selector.ts";
import { cellOfCluster } from "./tenant-scope.ts";

/** The KubeFedCluster's name: one member that an object can be written to. */
export type MemberName = string;

/** What a placement or a mask selects. */
export type MemberSelection =
  | {
      readonly kind: "selected";
      readonly members: ReadonlySet<MemberName>;
      /** Names given of which no such member is seen: of KubeFedClusters, or of label values. */
      readonly missing: ReadonlySet<string>;
    }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * Selects among the clusters that may be seen. Names that are present, even none, beat the
 * selector; with neither, nothing is selected (reference §2.3).
 */
export function selectMembers(
  selection: ClusterSelection | undefined,
  visible: readonly KubeFedCluster[],
  words: TopologyWords,
): MemberSelection {
  const clusters = selection?.clusters;
  if (clusters !== undefined)
    return selectByName(
      clusters.map(({ name }) => name),
      visible,
    );
  const selector = compileSelector(selection?.clusterSelector);
  if (selector.kind === "invalid") return selector;
  const matching = visible.filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
  const values = namesLabelValues(words)
    ? (selectedValues(selection?.clusterSelector, words) ?? [])
    : [];
  const found = new Set(matching.map((cluster) => topologyNameOf(cluster, words)));
  return {
    kind: "selected",
    members: new Set(matching.map(nameOf)),
    missing: new Set(values).difference(found),
  };
}

/** The topology that a cluster is (a member of); `undefined` where it has no such label. */
export function topologyNameOf(cluster: KubeFedCluster, words: TopologyWords): string | undefined {
  if (words.type === clusterTopologyType) return nameOf(cluster);
  if (words.type === cellTopologyType) return cellOfCluster(cluster)?.cell;
  return words.topologyKey === undefined ? undefined : cluster.metadata.labels?.[words.topologyKey];
}

function selectByName(
  names: readonly string[],
  visible: readonly KubeFedCluster[],
): MemberSelection {
  const asked = new Set(names);
  const seen = new Set(visible.map(nameOf));
  return {
    kind: "selected",
    members: asked.intersection(seen),
    missing: asked.difference(seen),
  };
}

function nameOf(cluster: KubeFedCluster): string {
  return cluster.metadata.name ?? "";
}
