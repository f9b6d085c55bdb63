import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ClusterOverride } from "./federated-object.ts";

/** What one revision of a federated object froze: numbers count from 1. */
export type FederatedRevisionSpec = {
  readonly revision: number;
  /** Of (template, overrides); equal contents have equal hashes. */
  readonly hash: string;
  readonly template?: JsonObject;
  readonly overrides?: readonly ClusterOverride[];
};

/** A kept revision: `FederatedRevision`, or `ClusterFederatedRevision` of a cluster-scoped kind. */
export interface FederatedRevision extends KubernetesObject {
  readonly spec: FederatedRevisionSpec;
}
