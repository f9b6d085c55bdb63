import {
  joinedClusterOf,
  isPlanCurrent,
  type MemberName,
  type Observation,
  type SyncPlan,
  type SyncView,
  type TopologyDecision,
  type WriteOutcome,
} from "@cellplane/federation";
import { dispatch, type WriteResult } from "./dispatch.ts";
import type { LateWrites } from "./late-writes.ts";
import type { MemberWatches, OwnChange } from "./member-watches.ts";
import type { RepairLog } from "./repair-log.ts";
import type { PlanSync, SyncDependencies, SyncedType } from "./sync-dependencies.ts";
import type { WriteLog } from "./write-log.ts";

/** A decision and what became of its write. */
export interface DecisionResult {
  readonly decision: TopologyDecision;
  readonly outcome: WriteOutcome;
}

/** Where writes go, and whose they are. */
export interface ActContext {
  readonly key: string;
  readonly type: SyncedType;
  readonly watches: MemberWatches;
  readonly repairs: RepairLog;
  readonly writes: WriteLog;
  readonly late: LateWrites;
  readonly deps: SyncDependencies;
}

/** Performs a plan's writes, all members at once; one that is slow or away delays no other. */
export function act(
  view: SyncView,
  plan: SyncPlan,
  context: ActContext,
  signal: AbortSignal,
): Promise<readonly DecisionResult[]> {
  return Promise.all(
    plan.decisions.map(async (decision) => {
      const result = await actOnMember(view, plan, decision, context, signal);
      const { outcome, decision: last } = result;
      const write = { operation: last.operation.kind, outcome, nowMs: context.deps.nowMs() };
      context.writes.note(context.key, decision.member, write);
      return result;
    }),
  );
}

async function actOnMember(
  view: SyncView,
  plan: SyncPlan,
  decision: TopologyDecision,
  context: ActContext,
  signal: AbortSignal,
): Promise<DecisionResult> {
  const result = await write(view, plan, decision, context, signal);
  if (result.kind !== "collided") return { decision, outcome: result };
  // The cache did not show what is there (it may not be labelled): decide again, knowing it.
  const again = decideKnowing(view, decision.member, result, context.deps.plan);
  if (!again) return { decision, outcome: { kind: "stale" } };
  const second = await write(view, plan, again, context, signal);
  if (second.kind !== "collided") return { decision: again, outcome: second };
  const message = "the object was made and unmade by somebody else at the same time";
  return { decision: again, outcome: { kind: "failed", status: "CreationFailed", message } };
}

async function write(
  view: SyncView,
  plan: SyncPlan,
  decision: TopologyDecision,
  { key, type, watches, repairs, late, deps }: ActContext,
  signal: AbortSignal,
): Promise<WriteResult> {
  if (decision.operation.kind === "none") return { kind: "none" };
  const cluster = joinedOf(view, decision.member);
  const connection = cluster === undefined ? undefined : deps.pool.get(cluster);
  if (!connection) {
    const message = "the cluster's connection went away";
    return { kind: "failed", status: "ClientRetrievalFailed", message };
  }
  const isCurrent = (): boolean => {
    const { generation = 0, uid = "" } = type.objects.get(key)?.metadata ?? {};
    return isPlanCurrent(plan, { generation, uid });
  };
  const { member } = decision;
  if (late.isPending(key, member)) {
    return { kind: "timedOut", message: "the member has not answered an earlier write yet" };
  }
  const { adoption } = view.settings;
  const startedMs = performance.now();
  const sent = dispatch(decision, { connection, adoption, isCurrent }, signal).then((result) => {
    const seconds = (performance.now() - startedMs) / 1000;
    deps.metrics.dispatchSeconds.observe({ action: decision.operation.kind }, seconds);
    const change = ownChangeOf(result, view.members.get(member)?.observation);
    if (change) watches.record(connection.cluster, change);
    if (result.kind === "written" && decision.repairs !== undefined) {
      const { hash = "" } = decision.brings ?? {};
      repairs.note(key, member, { hash, field: decision.repairs, nowMs: deps.nowMs() });
    }
    return result;
  });
  return late.waitFor({ key, member, generation: plan.generation }, sent);
}

function ownChangeOf(result: WriteResult, before: Observation | undefined): OwnChange | undefined {
  if (result.kind === "written") return { kind: "written", object: result.object };
  if (result.kind !== "removed" || before?.kind !== "present") return undefined;
  return { kind: "removed", object: before.object };
}

function joinedOf(view: SyncView, member: MemberName): string | undefined {
  const found = view.members.get(member);
  return found && joinedClusterOf(found.cluster);
}

function decideKnowing(
  view: SyncView,
  member: MemberName,
  { object }: Extract<WriteResult, { readonly kind: "collided" }>,
  plan: PlanSync,
): TopologyDecision | undefined {
  const known = view.members.get(member);
  if (!known) return undefined;
  const members = new Map(view.members);
  members.set(member, { ...known, observation: { kind: "present", object } });
  return plan({ ...view, members }).decisions.find((each) => each.member === member);
}
