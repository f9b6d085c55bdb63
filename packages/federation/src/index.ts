export {
  type CellContext,
  type CellWrite,
  cellsNeedClusterScope,
  checkCell,
  type NeighbourCell,
  prepareCell,
} from "./admission/check-cell.ts";
export {
  checkMemberDeletion,
  checkNamespaceDeletion,
  checkProtected,
  listed,
  type StandingWork,
} from "./admission/check-deletion.ts";
export { checkFederatedObject } from "./admission/check-federated-object.ts";
export {
  checkKubeFedCluster,
  type KubeFedClusterContext,
  type KubeFedClusterWrite,
} from "./admission/check-kubefed-cluster.ts";
export {
  checkKubeFedConfig,
  defaultKubeFedConfig,
  warnOfKubeFedConfig,
} from "./admission/check-kubefed-config.ts";
export { checkNamespace, type NamespaceContext } from "./admission/check-namespace.ts";
export { checkOverrides } from "./admission/check-overrides.ts";
export { checkRollback } from "./admission/check-rollback.ts";
export { checkSelection, checkSelector, checkTopologyName } from "./admission/check-selection.ts";
export { checkTenantQuota } from "./admission/check-tenant-quota.ts";
export { checkTopologyTypeObject } from "./admission/check-topology-type.ts";
export { checkTypeConfig } from "./admission/check-type-config.ts";
export {
  type FederatedContext,
  type FederatedWrite,
  knownTopologyTypes,
} from "./admission/federated-context.ts";
export { type Actor, type Findings, joinFindings, noFindings } from "./admission/findings.ts";
export { checkDnsLabel, isDnsLabel, isLabelValue } from "./admission/names.ts";
export { prepareFederatedObject } from "./admission/prepare-federated-object.ts";
export {
  type OverrideEntry,
  overridesIn,
  type Selection,
  selectionIn,
  specOf,
  type ViewWords,
  viewWordsOf,
} from "./admission/view-words.ts";
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
export { parseGoDurationMs } from "./api/go-duration.ts";
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
  type MemberClientSpec,
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
export { makesPods, podSpecPath } from "./api/pod-makers.ts";
export type {
  ReplicaSchedulingPreference,
  ReplicaSchedulingPreferenceSpec,
  ReplicaSchedulingPreferenceStatus,
  SchedulingCondition,
  TopologyPreference,
} from "./api/replica-scheduling-preference.ts";
export type { QuotaAmounts, TenantQuota, TenantQuotaSpec } from "./api/tenant-quota.ts";
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
export {
  cellCrd,
  federatedRevisionCrds,
  tombstoneCrd,
  topologyTypeCrd,
} from "./crds/cellplane-crds.ts";
export {
  ageColumn,
  type CrdInput,
  type CrdVersion,
  createCrd,
  type PrinterColumn,
} from "./crds/crd.ts";
export {
  coreCrds,
  createTypeConfig,
  type DefaultType,
  defaultTypeConfigs,
  defaultTypeCrds,
  defaultTypes,
} from "./crds/default-types.ts";
export { federatedSpecSchema, federatedStatusSchema } from "./crds/federated-schemas.ts";
export {
  federatedResource,
  federatedTypeCrd,
  type FederatedTypeInput,
  webhookConversion,
} from "./crds/federated-type-crd.ts";
export { type FindDefinition, inlineSchema } from "./crds/inline-schema.ts";
export {
  federatedTypeConfigCrd,
  kubeFedClusterCrd,
  kubeFedConfigCrd,
  propagatedVersionCrds,
} from "./crds/kubefed-crds.ts";
export { tenantQuotaCrd } from "./crds/quota-crd.ts";
export { relaxSchema, templateSchema } from "./crds/relax-schema.ts";
export { replicaSchedulingPreferenceCrd } from "./crds/scheduling-crd.ts";
export {
  diffMember,
  type FieldChange,
  type MemberStates,
  overlayObject,
  type ThreeWayDiff,
} from "./explain/diff-member.ts";
export {
  explainHistory,
  type RevisionHistory,
  type RevisionHistoryEntry,
} from "./explain/explain-history.ts";
export { explainPlan, type ExplainExtras } from "./explain/explain-plan.ts";
export { formatSelector } from "./explain/format-selector.ts";
export { maskSecrets } from "./explain/mask-secret.ts";
export type { DiffBasis, MemberDiff, PlacementDiff } from "./explain/placement-diff.ts";
export {
  type AppliedOverride,
  inspectApiVersion,
  type LastWrite,
  type MaskRule,
  type PlacedRule,
  type PlacementExplanation,
  type TopologyExplanation,
} from "./explain/placement-explanation.ts";
export {
  type LastWritten,
  previewWrites,
  type RenderingWrite,
  type WritePreview,
} from "./explain/preview-writes.ts";
export {
  dependenciesOf,
  type Dependency,
  dependencyKey,
  type DependencyKind,
} from "./dependencies/dependencies-of.ts";
export {
  type DependencyCarrier,
  type DependencyOperation,
  type DependencyPlan,
  type DependencyProblem,
  type DependencyView,
  type Follower,
  isGenerated,
  planDependencies,
} from "./dependencies/plan-dependencies.ts";
export { dependenciesCondition } from "./dependencies/dependencies-condition.ts";
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
  applyRow,
  decideWithoutRevision,
  decideWithoutVersion,
  type LiveView,
  moveOn,
  type RenderedBytes,
  writeDecision,
  type WriteView,
} from "./plan/apply-row.ts";
export { computeBehind } from "./plan/behind.ts";
export { chooseApiVersion } from "./plan/choose-version.ts";
export { decideMember, decideUnreadable } from "./plan/decide-member.ts";
export { conflictOf, noteRepair, type RepairHistory } from "./plan/field-conflict.ts";
export { holdRow } from "./plan/hold-row.ts";
export { judgeTakeover, type Takeover, type TakeoverFinding } from "./plan/judge-takeover.ts";
export {
  emptyLedger,
  type Ledger,
  type LedgerEntry,
  memberVersionOf,
  readLedger,
  writeLedger,
} from "./plan/ledger.ts";
export {
  decisionOf,
  decisionOfMissing,
  dropped,
  gatherFacts,
  hasLostItsCell,
  liveOf,
  type MemberFacts,
  memberObjectRef,
  type MemberScope,
} from "./plan/member-facts.ts";
export { describeOwner, type Ownership, ownershipOf } from "./plan/ownership.ts";
export { type CellNamespacePlan, planCellNamespace } from "./plan/plan-cell-namespace.ts";
export { planDeletion } from "./plan/plan-deletion.ts";
export { planRevisions, type RevisionPlan, type RevisionView } from "./plan/plan-revisions.ts";
export { isPlanCurrent, placementOf, planSync } from "./plan/plan-sync.ts";
export {
  readRevisionObject,
  revisionObject,
  revisionObjectName,
  revisionOwnerLabel,
} from "./plan/revision-object.ts";
export { type Revision, revisionContent, schedulerOverrides } from "./plan/revision.ts";
export {
  changeLedger,
  createSettler,
  type SettledDecision,
  type WriteOutcome,
} from "./plan/settle-decision.ts";
export {
  isDrifted,
  type KnownStanding,
  renderingOf,
  standingOf,
  type StandingView,
} from "./plan/standing.ts";
export {
  contentHashOf,
  createSyncContext,
  isComparable,
  sourceIn,
  type SyncContext,
} from "./plan/sync-context.ts";
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
export type {
  FieldConflict,
  MemberView,
  Observation,
  SyncSettings,
  SyncView,
} from "./plan/sync-view.ts";
export { isTombstoneDue, tombstoneOf } from "./plan/tombstone-of.ts";
export { releaseOperation, removeDecision, withdrawRow } from "./plan/withdraw-row.ts";
export { findExceeded, type QuotaDemand } from "./quota/find-exceeded.ts";
export { quotaStatus } from "./quota/quota-status.ts";
export {
  countKeysOf,
  federatedObjectsKey,
  hardLimit,
  limitsTenant,
  membersPerObjectKey,
} from "./quota/tenant-quota-keys.ts";
export { isWhollyReady, type MemberReplicas, replicasOf } from "./scheduling/member-replicas.ts";
export { planReplicas, type ReplicaPlan, type ReplicaView } from "./scheduling/plan-replicas.ts";
export { planScheduling } from "./scheduling/plan-scheduling.ts";
export { type PodFacts, readPods, unschedulableAfterMs } from "./scheduling/read-pods.ts";
export {
  scheduledReplicas,
  withoutSchedule,
  withSchedule,
} from "./scheduling/scheduler-overrides.ts";
export { schedulingStatus } from "./scheduling/scheduling-status.ts";
export type {
  ScheduledMember,
  SchedulingDecision,
  SchedulingView,
} from "./scheduling/scheduling-view.ts";
export { aggregateStatus, formatReleased } from "./status/aggregate-status.ts";
export { computeConditions } from "./status/conditions.ts";
export { fitStatus, maxFederatedObjectBytes } from "./status/fit-status.ts";
export { isReleased, type StatusInput } from "./status/status-input.ts";
export type { TopologyReport } from "./status/topology-report.ts";
export {
  type AnnotationPolicy,
  createAnnotationPolicy,
  ignoredAnnotations,
  isBookkeeping,
  matchesGlob,
} from "./template/annotation-policy.ts";
export {
  cellNamespaceSource,
  renderCellNamespace,
  targetNameOf,
  targetNamespaceOf,
} from "./template/cell-names.ts";
export {
  type FederatedResult,
  federateObject,
  type FederateRequest,
  reasonToSkip,
  withTemplateOf,
} from "./template/federate-object.ts";
export {
  copyField,
  type FieldPath,
  parseFieldPath,
  pathsMeet,
  removeField,
} from "./template/field-path.ts";
export { overridesHash, templateHash } from "./template/kubefed-hash.ts";
export {
  createPatchSelector,
  findOverrideFault,
  type PatchSelector,
  refusedOverridePaths,
  type SelectedPatches,
} from "./template/overrides.ts";
export { withPodSettings } from "./template/pod-settings.ts";
export {
  createRenderer,
  type RenderContent,
  type RenderContext,
  type Renderer,
  type Rendering,
  type RenderTarget,
} from "./template/render-member-object.ts";
export {
  covers,
  findUncovered,
  ownedContent,
  retainFields,
  type RetentionRules,
} from "./template/retain-fields.ts";
export {
  type Bookkeeping,
  formatSource,
  parseSource,
  readBookkeeping,
  type Source,
  sourceOf,
  withBookkeeping,
} from "./template/source.ts";
export { reviewConversion, type ReviewOutcome } from "./conversion/review-conversion.ts";
export { leaderLockCrd } from "./crds/leader-lock-crd.ts";
