import type {
  FederatedObject,
  SyncPlan,
  TopologyReport,
  TopologyStatusName,
} from "@cellplane/federation";
import { conditionTypes } from "@cellplane/federation";
import type { DecisionResult } from "../sync/act.ts";
import { componentOf, type RecordedEvent } from "./event-recorder.ts";
import { placeName } from "./place-name.ts";
import { describeWrite } from "./write-event.ts";

/** What one reconcile of a federated object came to. */
export interface SyncStory {
  /** With its status as it was before. */
  readonly object: FederatedObject;
  readonly targetKind: string;
  readonly federatedKind: string;
  readonly plan: SyncPlan;
  readonly results: readonly DecisionResult[];
  readonly reports: readonly TopologyReport[];
  /** Whether a member's cache is being filled for the first time, which is no news. */
  readonly isStarting: (member: string) => boolean;
}

type Told = Omit<RecordedEvent, "component">;

// What is part of a release going as it should.
const ordinary: ReadonlySet<TopologyStatusName> = new Set<TopologyStatusName>([
  "Held",
  "NotReleased",
  "PendingRemoval",
]);

/**
 * The events of one reconcile: each write that was made, and each topology or object that has come
 * into another state. What is as it was is not told again. Reasons and texts are KubeFed's where it
 * has them (reference §2.11); of Secrets nothing is quoted.
 */
export function syncEvents(story: SyncStory): readonly RecordedEvent[] {
  const component = componentOf(story.federatedKind);
  const told = [
    ...warningsOf(story),
    ...reasonEvents(story),
    ...story.results.flatMap((result) => writeEvents(result, story)),
    ...story.reports.flatMap((report) => stateEvents(report, story)),
    ...deletionEvents(story),
  ];
  return told.map((event) => ({ ...event, component }));
}

// They hold for a generation, so one telling is enough.
function warningsOf({ plan, object }: SyncStory): readonly Told[] {
  if (object.status?.observedGeneration === plan.generation) return [];
  return plan.warnings.map(({ reason, message }) => ({ type: "Warning", reason, message }));
}

function reasonEvents({ plan, object }: SyncStory): readonly Told[] {
  const before = object.status?.conditions?.find(({ type }) => type === conditionTypes.propagation);
  if (plan.reason === "" || before?.reason === plan.reason) return [];
  const message = plan.message === "" ? reasonTexts[plan.reason] : plan.message;
  return [{ type: "Warning", reason: plan.reason, message }];
}

const reasonTexts: Readonly<Record<Exclude<SyncPlan["reason"], "">, string>> = {
  CheckClusters: "not every cluster is as it should be",
  ClusterRetrievalFailed: "the clusters could not be read",
  ComputePlacementFailed: "the placement could not be computed",
  NamespaceNotFederated: "the namespace has no FederatedNamespace, so it is placed nowhere",
  RevisionNotFound: "spec.revision names a revision that is not kept",
};

function writeEvents({ decision, outcome }: DecisionResult, story: SyncStory): readonly Told[] {
  const { operation } = decision;
  if (operation.kind === "none") return [];
  const words = describeWrite(decision, operation.kind, story.targetKind);
  if (outcome.kind === "none" || outcome.kind === "stale") return [];
  if (outcome.kind !== "failed" && outcome.kind !== "timedOut") {
    return [{ type: "Normal", reason: words.reason, message: words.doing }];
  }
  // A failure with a word of its own is told as a state.
  if (outcome.kind === "failed" && outcome.status !== undefined) return [];
  if (!isNews(decision.member, outcome.message, story)) return [];
  const reason = outcome.kind === "timedOut" ? "OperationTimeoutError" : `${words.reason}Failed`;
  const message = `${words.failed}: ${causeOf(outcome.message, story)}`;
  return [{ type: "Warning", reason, message }];
}

function isNews(member: string, message: string, { object }: SyncStory): boolean {
  const before = object.status?.clusters?.find(({ name }) => name === member);
  return before?.message !== message;
}

function stateEvents(report: TopologyReport, story: SyncStory): readonly Told[] {
  const { status, member, topology, cluster, message } = report;
  const before = story.object.status?.clusters?.find(({ name }) => name === member);
  if (status === "" || (before?.status ?? "") === status || isWriteStatus(status)) return [];
  if (status === "CachedRetrievalFailed" && story.isStarting(member)) return [];
  // A deletion tells for all topologies at once.
  if (status === "WaitingForRemoval") return [];
  const where = placeName({ member, topology, cluster });
  const text = `${status === "ClusterNotReady" ? "Cluster not ready: " : ""}${where}: ${causeOf(message, story)}`;
  return [{ type: ordinary.has(status) ? "Normal" : "Warning", reason: status, message: text }];
}

function isWriteStatus(status: TopologyStatusName): boolean {
  return /^(Creation|Update|Deletion|LabelRemoval)(Failed|TimedOut)$/.test(status);
}

function deletionEvents({ plan, object }: SyncStory): readonly Told[] {
  const abandoned = plan.finalizer === "remove" ? plan.abandoned : [];
  const left = abandoned.map((decision): Told => {
    const message = `Left behind in ${placeName(decision)}; a tombstone removes it there once the cluster is back`;
    return { type: "Warning", reason: "TopologyAbandoned", message };
  });
  const before = object.status?.conditions?.find(({ type }) => type === conditionTypes.deletion);
  if (plan.blockedBy.length === 0 || before) return left;
  const names = plan.blockedBy.map(({ topology }) => topology).join(", ");
  const message = `Waiting for managed resources to be removed from the following clusters: ${names}`;
  return [...left, { type: "Normal", reason: "WaitForRemovalInCluster", message }];
}

// A server may quote what it refuses.
function causeOf(message: string, { targetKind }: SyncStory): string {
  return targetKind === "Secret" ? "the cause stands in the object's status" : message;
}
