import type { KubernetesObject } from "@cellplane/apimachinery";
import type { FederatedTypeConfigSpec } from "../api/federated-type-config.ts";
import {
  cellTopologyType,
  clusterTopologyType,
  type TopologyTypeSpec,
} from "../api/topology-type.ts";
import type { Tenant } from "../placement/tenant-scope.ts";
import type { Actor } from "./findings.ts";

/** What has to be looked up before a federated object can be judged. */
export interface FederatedContext {
  readonly actor: Actor;
  readonly typeConfig: FederatedTypeConfigSpec;
  /** Of the object's namespace; the object's own labels where it is cluster-scoped. */
  readonly tenant: Tenant;
  readonly isolation: "byTenant" | "off";
  /** `off` (the gate `MultiTopology`): new objects may be spread by cluster alone. Default `on`. */
  readonly topologies?: "on" | "off";
  /** Of the control plane: types over cells need `Cluster`, the default. */
  readonly scope?: "Cluster" | "Namespaced";
  /** The TopologyTypes that exist, by name. */
  readonly topologyTypes: ReadonlyMap<string, TopologyTypeSpec>;
  /** Numbers of the object's kept revisions. */
  readonly keptRevisions: ReadonlySet<number>;
  /** Paths in the template that the target's schema does not know. */
  readonly unknownTemplateFields: readonly string[];
}

/** A write of a federated object, in the view of the request; `old` in the same view. */
export interface FederatedWrite {
  readonly object: KubernetesObject;
  /** Absent on creation. */
  readonly old: KubernetesObject | undefined;
}

/** Every topology type that an object may have now. */
export function knownTopologyTypes({ topologyTypes }: FederatedContext): readonly string[] {
  return [clusterTopologyType, cellTopologyType, ...Array.from(topologyTypes.keys()).sort()];
}
