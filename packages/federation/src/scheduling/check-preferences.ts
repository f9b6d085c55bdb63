import type {
  ReplicaSchedulingPreferenceSpec,
  TopologyPreference,
} from "../api/replica-scheduling-preference.ts";

/** What is wrong with preferences, in a sentence; `undefined` where nothing is. */
export function findPreferenceFault(spec: ReplicaSchedulingPreferenceSpec): string | undefined {
  if (!isCount(spec.totalReplicas)) {
    return `spec.totalReplicas must be 0 or more: it is ${JSON.stringify(spec.totalReplicas)}`;
  }
  for (const [name, preference] of Object.entries(spec.clusters ?? {})) {
    const fault = findFault(preference);
    if (fault !== undefined) return `spec.clusters[${JSON.stringify(name)}].${fault}`;
  }
  return undefined;
}

function findFault(preference: TopologyPreference): string | undefined {
  const { minReplicas = 0, maxReplicas, weight = 0 } = preference;
  const counts = { minReplicas, maxReplicas: maxReplicas ?? 0, weight };
  const wrong = Object.entries(counts).find(([, value]) => !isCount(value));
  if (wrong) return `${wrong[0]} must be 0 or more: it is ${JSON.stringify(wrong[1])}`;
  if (maxReplicas === undefined || maxReplicas >= minReplicas) return undefined;
  return `maxReplicas must not be below minReplicas: it is ${maxReplicas}`;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
