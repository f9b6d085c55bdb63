import type { KubernetesObject } from "@cellplane/apimachinery";

/** What kind of members a topology type groups. */
export type TopologyMembers = "Clusters" | "Cells";

/** `spec` of a TopologyType: each value of `label` among the members is one topology. */
export type TopologyTypeSpec = {
  readonly label: string;
  readonly over: TopologyMembers;
};

/** A dimension that federated objects can be spread over, besides `cluster` and `cell`. */
export interface TopologyType extends KubernetesObject {
  readonly spec: TopologyTypeSpec;
}

/** The type of KubeFed's own objects. */
export const clusterTopologyType = "cluster";
/** The type spread over the cells of the object's namespace. */
export const cellTopologyType = "cell";
