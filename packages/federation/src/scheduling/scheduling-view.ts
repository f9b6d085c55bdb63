import type { FederatedObject } from "../api/federated-object.ts";
import type { ReplicaSchedulingPreference } from "../api/replica-scheduling-preference.ts";
import type { PlacementView } from "../placement/compute-placement.ts";
import type { MemberName } from "../placement/select-members.ts";
import type { MemberReplicas } from "./member-replicas.ts";

/** What a ReplicaSchedulingPreference is followed by. */
export interface SchedulingView extends PlacementView {
  readonly preference: ReplicaSchedulingPreference;
  /** By KubeFedCluster. One that is not there is `unknown`. */
  readonly replicas: ReadonlyMap<MemberName, MemberReplicas>;
}

/** What was given to one member. */
export type ScheduledMember = {
  readonly name: MemberName;
  readonly topology: string;
  readonly replicas: number;
};

/** What is to be done, and why. */
export interface SchedulingDecision {
  /** To be written; the view's own where nothing is to change. */
  readonly object: FederatedObject;
  /** What stands now, or what it was left at. */
  readonly members: readonly ScheduledMember[];
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}
