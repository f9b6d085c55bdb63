import type { KubernetesObject } from "@cellplane/apimachinery";
import type {
  CommonFederatedSpec,
  CommonFederatedStatus,
  HeldPolicy,
  NameReference,
  OverridePatch,
  TopologyStatusDetails,
} from "./federated-object.ts";
import type { LabelSelectorObject } from "./label-selector.ts";

/** Where an object shall be, in the topology view. Present names, even none, beat the selector. */
export type TopologySelection = {
  readonly topologies?: readonly NameReference[];
  readonly topologySelector?: LabelSelectorObject;
};

/** Overrides for one topology, or for all that a selector matches. */
export type TopologyOverride = {
  readonly topologyName?: string;
  readonly topologySelector?: LabelSelectorObject;
  readonly topologyOverrides?: readonly OverridePatch[];
  /** `scheduler`: written by a scheduler and no part of revisions. */
  readonly source?: string;
};

/** `spec` of a federated object in the topology view (v1beta2). */
export type TopologyViewSpec = CommonFederatedSpec & {
  readonly topologyType?: string;
  readonly placement?: TopologySelection;
  readonly placementMask?: TopologySelection & { readonly heldPolicy?: HeldPolicy };
  readonly overrides?: readonly TopologyOverride[];
};

/** One entry of `status.topologies`. */
export type TopologyStatus = TopologyStatusDetails & {
  readonly name: string;
  /** The KubeFedCluster, where `name` and `cluster` do not tell. */
  readonly member?: string;
};

/** `status` of a federated object in the topology view. */
export type TopologyViewStatus = CommonFederatedStatus & {
  readonly topologies?: readonly TopologyStatus[];
};

/** A federated object in the topology view: what people and products write. */
export interface TopologyViewObject extends KubernetesObject {
  readonly spec?: TopologyViewSpec;
  readonly status?: TopologyViewStatus;
}
