import type { JsonObject, JsonValue, KubernetesObject } from "@cellplane/apimachinery";
import type { LabelSelectorObject } from "./label-selector.ts";
import type { TopologyStatusName } from "./topology-status.ts";

/** One name in a placement or a mask. */
export type NameReference = { readonly name: string };

/** One override. An absent `op` is `replace`. */
export type OverridePatch = {
  readonly op?: string;
  readonly path: string;
  readonly value?: JsonValue;
};

/** What a held topology still gets: nothing, or the repair of drift. */
export type HeldPolicy = "Freeze" | "Pin";

/** Where an object shall be, in the cluster view. Present names, even none, beat the selector. */
export type ClusterSelection = {
  readonly clusters?: readonly NameReference[];
  readonly clusterSelector?: LabelSelectorObject;
};

/** Overrides for one cluster, or for all that a selector matches. */
export type ClusterOverride = {
  readonly clusterName?: string;
  readonly clusterSelector?: LabelSelectorObject;
  readonly clusterOverrides?: readonly OverridePatch[];
  /** `scheduler`: written by a scheduler and no part of revisions. */
  readonly source?: string;
};

/** `spec` members that are the same in both views. */
export type CommonFederatedSpec = {
  readonly template?: JsonObject;
  /** The label whose values are the topologies; for types other than `cluster` and `cell`. */
  readonly topologyKey?: string;
  /** The kept revision to bring members to, instead of the newest. */
  readonly revision?: number;
  readonly retainReplicas?: boolean;
  readonly revisionHistoryLimit?: number;
  /** Whether what the template's pods need is carried along; for kinds that make pods. */
  readonly followDependencies?: boolean;
};

/** `spec` of a federated object in the cluster view (v1beta1). */
export type FederatedSpec = CommonFederatedSpec & {
  readonly placement?: ClusterSelection;
  readonly placementMask?: ClusterSelection & { readonly heldPolicy?: HeldPolicy };
  readonly overrides?: readonly ClusterOverride[];
};

/** A condition of a federated object. Times are RFC 3339. */
export type FederatedCondition = {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
};

/** What both views say of one topology on one cluster. */
export type TopologyStatusDetails = {
  /** The joined cluster. */
  readonly cluster?: string;
  readonly status?: Exclude<TopologyStatusName, "">;
  /** Why, in a sentence, where `status` alone does not tell. */
  readonly message?: string;
  readonly revision?: number;
  /** Later revisions that would change this topology. */
  readonly behind?: number;
  readonly drifted?: boolean;
  readonly remoteStatus?: JsonValue;
};

/** One entry of `status.clusters`: `name` is the KubeFedCluster's. */
export type ClusterStatus = TopologyStatusDetails & {
  readonly name: string;
  /** The topology's name, for types other than `cluster`. */
  readonly topology?: string;
};

/** `status` members that are the same in both views. */
export type CommonFederatedStatus = {
  readonly observedGeneration?: number;
  readonly currentRevision?: number;
  readonly desiredRevision?: number;
  readonly topologyType?: string;
  /** `2/4`: topologies at the desired revision, of those in placement. */
  readonly released?: string;
  /** The whole in one word, for tables. */
  readonly state?: string;
  readonly conditions?: readonly FederatedCondition[];
  /** How many remote statuses were left out for the object's size, and why. */
  readonly omittedRemoteStatuses?: { readonly count: number; readonly message: string };
};

/** `status` of a federated object in the cluster view. */
export type FederatedStatus = CommonFederatedStatus & {
  readonly clusters?: readonly ClusterStatus[];
};

/** A federated object in the cluster view: what is stored and what controllers read. */
export interface FederatedObject extends KubernetesObject {
  readonly spec?: FederatedSpec;
  readonly status?: FederatedStatus;
}
