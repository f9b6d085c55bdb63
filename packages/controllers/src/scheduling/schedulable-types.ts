import type { RunningType, RunningTypes } from "../type-config/running-types.ts";

// FederatedTypeConfigs of the kinds that have `spec.replicas` and make pods by a selector.
const schedulable = ["deployments.apps", "replicasets.apps", "statefulsets.apps"] as const;

/** What `spec.targetKind` may say. */
export const schedulableKinds: readonly string[] = [
  "FederatedDeployment",
  "FederatedReplicaSet",
  "FederatedStatefulSet",
];

/** The types that run now and can be scheduled. */
export function schedulableTypes(types: RunningTypes): readonly RunningType[] {
  return schedulable.flatMap((name) => types.get(name) ?? []);
}
