export type { Controller, ErrorReporter } from "./shared/controller.ts";
export {
  createFederationControllers,
  type FederationControllerDependencies,
  type SubscribeReachability,
} from "./federation-controllers.ts";
export { createEventCleaner } from "./events/event-cleaner.ts";
export { type EventRecorder, type RecordedEvent } from "./events/event-recorder.ts";
export { FederationMetrics } from "./metrics/federation-metrics.ts";
export { createGarbageCollectorController } from "./garbage-collector/garbage-collector-controller.ts";
export { Inspector } from "./inspect/inspector.ts";
export type { InspectedRef } from "./inspect/inspected-object.ts";
export { type Election, LeaseLostError } from "./leader-election/election.ts";
export { fenceWrites } from "./leader-election/fence-writes.ts";
export type { LockKind } from "./leader-election/kubefed-lock.ts";
export {
  createLeaderElectedController,
  type LeaderElectionDependencies,
} from "./leader-election/leader-elected-controller.ts";
export {
  type CredentialsOutcome,
  type MemberCredentials,
  readMemberCredentials,
} from "./members/member-credentials.ts";
export type { ConnectMember } from "./members/member-pool.ts";
export { type OpenSecret, SealedSecrets, type SecretView } from "./members/sealed-secrets.ts";
export { createNamespaceController } from "./namespace/namespace-controller.ts";
export type { PlanSync } from "./sync/sync-dependencies.ts";
export { createRoleAggregationController } from "./role-aggregation/role-aggregation-controller.ts";
export { createRootCaController } from "./root-ca/root-ca-controller.ts";
export { createDefaultServiceAccountController } from "./service-account/default-service-account-controller.ts";
export { createWorkloadPlayer } from "./workload-player/workload-player.ts";
