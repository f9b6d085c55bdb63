import type { Informer, ResourcePath, RestClient } from "@cellplane/client";
import type {
  FederatedObject,
  FederatedTypeConfigSpec,
  SyncPlan,
  SyncView,
} from "@cellplane/federation";
import type { EventRecorder } from "../events/event-recorder.ts";
import type { MemberPool } from "../members/member-pool.ts";
import type { FederationMetrics } from "../metrics/federation-metrics.ts";
import type { ErrorReporter } from "../shared/controller.ts";
import type { FederationSettings } from "../shared/federation-settings.ts";
import type { SharedInformers } from "../shared/shared-informers.ts";

/** Decides what one reconcile does, from what it knows. */
export type PlanSync = (view: SyncView) => SyncPlan;

/** What every part of one type's sync controller stands on. */
export interface SyncDependencies {
  readonly client: RestClient;
  readonly shared: SharedInformers;
  readonly pool: MemberPool;
  readonly settings: () => FederationSettings;
  readonly controlPlaneId: string;
  readonly systemNamespace: string;
  /** FederatedNamespaces, which limit objects spread by cluster. */
  readonly federatedNamespaces: () => FederatedNamespaces;
  /** Decides what one reconcile does: `planSync`, but for tests that plant a mistake. */
  readonly plan: PlanSync;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
  readonly recorder: EventRecorder;
  readonly metrics: FederationMetrics;
}

/** The FederatedNamespaces as they are known now. */
export type FederatedNamespaces =
  /** The type is not enabled. */
  | { readonly kind: "off" }
  /** Enabled, but not read yet. */
  | { readonly kind: "starting" }
  | { readonly kind: "read"; readonly informer: Informer<FederatedObject> };

/** One federated type, and where its objects lie. */
export interface SyncedType {
  readonly name: string;
  readonly typeConfig: FederatedTypeConfigSpec;
  /** The federated kind, in the cluster view. */
  readonly path: ResourcePath;
  readonly objects: Informer<FederatedObject>;
}
