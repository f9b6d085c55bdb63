import type { KubernetesObject } from "@cellplane/apimachinery";

/** Bounds and weight of one topology. */
export type TopologyPreference = {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  /** Share of what remains once minimums are met; 0 unless given. */
  readonly weight?: number;
};

/** `spec` of a ReplicaSchedulingPreference (reference §1.6). */
export type ReplicaSchedulingPreferenceSpec = {
  readonly targetKind: string;
  readonly totalReplicas: number;
  /** Whether running replicas may be moved. */
  readonly rebalance?: boolean;
  readonly intersectWithClusterSelector?: boolean;
  /** By topology; `*` is every other. None at all is `*` with weight 1. */
  readonly clusters?: Readonly<Record<string, TopologyPreference>>;
};

/** Why replicas are spread as they are. Times are RFC 3339. */
export type SchedulingCondition = {
  readonly type: "Scheduled";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
};

/** `status` of a ReplicaSchedulingPreference; KubeFed never wrote one. */
export type ReplicaSchedulingPreferenceStatus = {
  readonly observedGeneration?: number;
  readonly conditions?: readonly SchedulingCondition[];
  /** What each member (a KubeFedCluster) was given. */
  readonly clusters?: readonly {
    readonly name: string;
    readonly topology: string;
    readonly replicas: number;
  }[];
};

/** Spreads the replicas of the federated workload of its own name and namespace. */
export interface ReplicaSchedulingPreference extends KubernetesObject {
  readonly spec: ReplicaSchedulingPreferenceSpec;
  readonly status?: ReplicaSchedulingPreferenceStatus;
}
