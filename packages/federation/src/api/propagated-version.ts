import type { KubernetesObject } from "@cellplane/apimachinery";

/** What one member was last brought to. */
export type ClusterVersion = {
  readonly clusterName: string;
  /** KubeFed's `gen:<generation>` or `rv:<resourceVersion>` of the member object. */
  readonly version: string;
  readonly revision?: number;
  /** Of the rendered object. */
  readonly hash?: string;
  /** Of the member object as the member stored it, without what its own controllers write. */
  readonly contentHash?: string;
  /** The object had existed before; its pod template gets nothing of ours. */
  readonly adopted?: boolean;
  readonly appliedAt?: string;
};

/** `status` of a PropagatedVersion (reference §1.4): the ledger of one federated object. */
export type PropagatedVersionStatus = {
  readonly templateVersion: string;
  readonly overridesVersion: string;
  readonly clusterVersions?: readonly ClusterVersion[];
};

/** `PropagatedVersion`, or `ClusterPropagatedVersion` of a cluster-scoped kind. */
export interface PropagatedVersion extends KubernetesObject {
  readonly status?: PropagatedVersionStatus;
}
