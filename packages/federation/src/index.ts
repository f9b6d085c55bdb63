export {
  type Cell,
  type CellSpec,
  defaultNamespaceTemplate,
  defaultNameTemplate,
} from "./api/cell.ts";
export type {
  ClusterOverride,
  ClusterSelection,
  ClusterStatus,
  CommonFederatedSpec,
  CommonFederatedStatus,
  FederatedCondition,
  FederatedObject,
  FederatedSpec,
  FederatedStatus,
  HeldPolicy,
  NameReference,
  OverridePatch,
  TopologyStatusDetails,
} from "./api/federated-object.ts";
export type { FederatedRevision, FederatedRevisionSpec } from "./api/federated-revision.ts";
export {
  type ApiResource,
  type FederatedTypeConfig,
  type FederatedTypeConfigSpec,
  type FederatedTypeConfigStatus,
  pluralOfKind,
} from "./api/federated-type-config.ts";
export {
  type ClusterCondition,
  isClusterReady,
  type KubeFedCluster,
  type KubeFedClusterSpec,
  type KubeFedClusterStatus,
} from "./api/kubefed-cluster.ts";
export {
  type FeatureGate,
  featureGateDefaults,
  type FeatureGates,
  type KubeFedConfig,
  type KubeFedConfigSpec,
  readFeatureGates,
  type Switch,
} from "./api/kubefed-config.ts";
export type { LabelSelectorExpression, LabelSelectorObject } from "./api/label-selector.ts";
export {
  annotations,
  clusterViewVersion,
  defaultRevisionHistoryLimit,
  finalizers,
  groups,
  kubefed,
  labels,
  revisionSecretType,
  topologyViewVersion,
} from "./api/names.ts";
export type {
  ClusterVersion,
  PropagatedVersion,
  PropagatedVersionStatus,
} from "./api/propagated-version.ts";
export type { Tombstone, TombstoneSpec } from "./api/tombstone.ts";
export {
  conditionTypes,
  type PropagationReason,
  recoverableStatuses,
  topologyStatuses,
  type TopologyStatusName,
} from "./api/topology-status.ts";
export {
  cellTopologyType,
  clusterTopologyType,
  type TopologyMembers,
  type TopologyType,
  type TopologyTypeSpec,
} from "./api/topology-type.ts";
export type {
  TopologyOverride,
  TopologySelection,
  TopologyStatus,
  TopologyViewObject,
  TopologyViewSpec,
  TopologyViewStatus,
} from "./api/topology-view.ts";
export {
  convertFederatedObject,
  type FederatedView,
  normalizeCarries,
  toClusterView,
  topologyCarryOf,
  topologyTypeOf,
  toTopologyView,
  viewOf,
  wordsOf,
} from "./conversion/convert-federated-object.ts";
export { memberNameOfCell, parseMemberName } from "./conversion/member-name.ts";
export { canonicalJson, hashJson, sortKeys } from "./hash/canonical-json.ts";
export {
  computePlacement,
  membersOfType,
  type NamespaceLimit,
  type Placement,
  type PlacementOutcome,
  type PlacementView,
} from "./placement/compute-placement.ts";
export {
  computeDispatchScope,
  type DispatchScope,
  type DispatchView,
} from "./placement/dispatch-scope.ts";
export {
  type CompiledSelector,
  compileSelector,
  type LabelSet,
} from "./placement/label-selector.ts";
export {
  type MemberName,
  type MemberSelection,
  selectMembers,
  topologyNameOf,
} from "./placement/select-members.ts";
export {
  cellOfCluster,
  isSameTenant,
  isVisible,
  joinedClusterOf,
  noTenant,
  type Tenant,
  tenantOf,
  type VisibilityScope,
} from "./placement/tenant-scope.ts";
export {
  emptyLedger,
  type Ledger,
  type LedgerEntry,
  memberVersionOf,
  readLedger,
  writeLedger,
} from "./plan/ledger.ts";
export { type Revision, revisionContent, schedulerOverrides } from "./plan/revision.ts";
export type {
  BlockedTopology,
  FinalizerChange,
  LedgerChange,
  MemberObjectRef,
  PlanWarning,
  Standing,
  SyncOperation,
  SyncPlan,
  TopologyDecision,
} from "./plan/sync-plan.ts";
export type { MemberView, Observation, SyncSettings, SyncView } from "./plan/sync-view.ts";
