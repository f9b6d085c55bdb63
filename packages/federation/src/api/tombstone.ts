import type { KubernetesObject } from "@cellplane/apimachinery";

/** A member object that was left behind and is to be removed when its cluster returns. */
export type TombstoneSpec = {
  /** The KubeFedCluster. */
  readonly clusterName: string;
  /** The joined cluster that it was left on: a cell may since have moved to another. */
  readonly joinedCluster?: string;
  readonly topology: string;
  readonly target: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly pluralName: string;
    readonly namespace?: string;
    readonly name: string;
  };
  /** The federated object that wrote it. */
  readonly owner: {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  /** What its `source` annotation says. */
  readonly source: string;
  readonly tenant?: string;
  readonly workspaceGroup?: string;
};

/** Stands in the system namespace, for it must outlive the object's own. */
export interface Tombstone extends KubernetesObject {
  readonly spec: TombstoneSpec;
}
