import type { KubernetesObject } from "@cellplane/apimachinery";

/** A switch as KubeFed spells it. */
export type Switch = "Enabled" | "Disabled";

/** How many requests a second a member gets; a burst may be sent at once. */
export type MemberClientSpec = { readonly qps?: number; readonly burst?: number };

/** `spec` of the singleton KubeFedConfig (reference §1.2), with our additions. Go durations. */
export type KubeFedConfigSpec = {
  readonly scope: "Cluster" | "Namespaced";
  readonly controllerDuration?: {
    readonly availableDelay?: string;
    readonly unavailableDelay?: string;
    readonly cacheSyncTimeout?: string;
  };
  readonly leaderElect?: {
    readonly leaseDuration?: string;
    readonly renewDeadline?: string;
    readonly retryPeriod?: string;
    readonly resourceLock?: string;
  };
  readonly featureGates?: readonly { readonly name: string; readonly configuration: Switch }[];
  readonly clusterHealthCheck?: {
    readonly period?: string;
    readonly failureThreshold?: number;
    readonly successThreshold?: number;
    readonly timeout?: string;
  };
  readonly syncController?: {
    readonly maxConcurrentReconciles?: number;
    readonly adoptResources?: Switch;
  };
  readonly statusController?: { readonly maxConcurrentReconciles?: number };
  /** Requests to each member, unless its KubeFedCluster says otherwise; 1000 a second, 2000 at once. */
  readonly memberClient?: MemberClientSpec;
  /** Revisions kept of each federated object; 10 unless given. */
  readonly revisionHistoryLimit?: number;
};

/** The settings of the federation, named `kubefed` in the system namespace. */
export interface KubeFedConfig extends KubernetesObject {
  readonly spec: KubeFedConfigSpec;
}

/** Every feature gate and what it is unless set: all on. */
export const featureGateDefaults = {
  MultiTopology: true,
  TenantIsolation: true,
  PlacementMask: true,
  PropagatingAnnotations: true,
  RawResourceStatusCollection: true,
  SchedulerPreferences: true,
  PushReconciler: true,
} as const;

/** The name of a feature gate. */
export type FeatureGate = keyof typeof featureGateDefaults;

/** Every gate's value. */
export type FeatureGates = Readonly<Record<FeatureGate, boolean>>;

/** The gates as the configuration has them; unknown names are ignored. */
export function readFeatureGates(spec: KubeFedConfigSpec | undefined): FeatureGates {
  const set = new Map(spec?.featureGates?.map((gate) => [gate.name, gate.configuration]));
  const entries = Object.entries(featureGateDefaults).map(([name, value]) => {
    const configured = set.get(name);
    return [name, configured === undefined ? value : configured === "Enabled"];
  });
  return Object.fromEntries(entries) as FeatureGates;
}
