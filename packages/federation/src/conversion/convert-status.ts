import type { ClusterStatus, FederatedStatus } from "../api/federated-object.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import type { TopologyStatus, TopologyViewStatus } from "../api/topology-view.ts";
import {
  clusterOfTopology,
  namesLabelValues,
  topologyOfCluster,
  type TopologyWords,
} from "./topology-words.ts";

/** A status of the cluster view in the topology view's words. */
export function statusToTopology(
  { clusters, ...rest }: FederatedStatus,
  words: TopologyWords,
): TopologyViewStatus {
  if (clusters === undefined) return rest;
  return { ...rest, topologies: clusters.map((entry) => entryToTopology(entry, words)) };
}

/** A status of the topology view in the cluster view's words. */
export function statusToCluster(
  { topologies, ...rest }: TopologyViewStatus,
  words: TopologyWords,
): FederatedStatus {
  if (topologies === undefined) return rest;
  return { ...rest, clusters: topologies.map((entry) => entryToCluster(entry, words)) };
}

function entryToTopology(entry: ClusterStatus, words: TopologyWords): TopologyStatus {
  const { name: member, topology, ...rest } = entry;
  const name = topology ?? topologyOfCluster(member, words) ?? member;
  const bare = { name, ...rest };
  return memberOf(bare, words) === member ? bare : { ...bare, member };
}

function entryToCluster(entry: TopologyStatus, words: TopologyWords): ClusterStatus {
  const { name, member, ...rest } = entry;
  const topology = words.type === clusterTopologyType ? {} : { topology: name };
  return { name: member ?? memberOf(entry, words), ...topology, ...rest };
}

function memberOf(entry: TopologyStatus, words: TopologyWords): string {
  return namesLabelValues(words)
    ? (entry.cluster ?? entry.name)
    : clusterOfTopology(entry.name, words);
}
