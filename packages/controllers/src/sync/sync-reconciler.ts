import type { Outcome, Reconciler } from "@cellplane/client";
import {
  changeLedger,
  createSettler,
  type FederatedObject,
  recoverableStatuses,
  type SyncPlan,
  type SyncView,
  type WriteOutcome,
} from "@cellplane/federation";
import { recordSync } from "../events/record-sync.ts";
import { formatTime } from "../shared/format-time.ts";
import { act, type DecisionResult } from "./act.ts";
import { setFinalizer } from "./finalizer.ts";
import { storeLedger } from "./ledger-store.ts";
import type { LateWrites } from "./late-writes.ts";
import type { MemberWatches } from "./member-watches.ts";
import { observe } from "./observe.ts";
import type { RepairLog } from "./repair-log.ts";
import { collectsStatus, computeStatus, remoteStatusOf, storeStatus } from "./report-status.ts";
import { removeRevision, storeRevision } from "./revision-store.ts";
import type { SyncDependencies, SyncedType } from "./sync-dependencies.ts";
import { storeTombstone } from "./tombstone-store.ts";
import type { WriteLog } from "./write-log.ts";

// KubeFed's: how soon what is being removed in a member is looked at again, should its watch say nothing.
const recheckMs = 10_000;
// How soon what is not known yet (a cache that is being filled) is asked for again.
const notKnownMs = 500;

/** Keeps each member's copy of a federated object as its placement, mask and overrides ask. */
export function createSyncReconciler(
  deps: SyncDependencies,
  type: SyncedType,
  knowledge: {
    readonly watches: MemberWatches;
    readonly repairs: RepairLog;
    readonly writes: WriteLog;
    readonly late: LateWrites;
  },
): Reconciler {
  const context = { deps, type };

  return async (key, signal): Promise<Outcome> => {
    const found = type.objects.get(key);
    if (!found) {
      knowledge.repairs.forget(key);
      knowledge.writes.forget(key);
      return { kind: "done" };
    }
    const view = observe(found, type, { ...knowledge, key }, deps);
    if (!view) return { kind: "recheck", afterMs: notKnownMs, because: "notSynced" };
    const plan = deps.plan(view);
    const object = await prepare(view, plan, context, signal);
    if (!object) return { kind: "done" };
    const acting = { key, ...knowledge, ...context };
    const results = await act({ ...view, object }, plan, acting, signal);
    const reporting = { ...context, pending: pendingOf(key, plan, knowledge.late) };
    return report({ ...view, object }, plan, results, reporting, signal);
  };
}

interface TypeContext {
  readonly deps: SyncDependencies;
  readonly type: SyncedType;
}

/** Writes that are under way though nobody waits for them. */
type PendingWrites = "none" | "some" | "ofEarlierGeneration";

function pendingOf(key: string, { generation }: SyncPlan, late: LateWrites): PendingWrites {
  if (!late.isPending(key)) return "none";
  return late.isBehind(key, generation) ? "ofEarlierGeneration" : "some";
}

/** What must be stored before anything is written to a member; nothing where the object has changed. */
async function prepare(
  view: SyncView,
  plan: SyncPlan,
  { deps, type }: TypeContext,
  signal: AbortSignal,
): Promise<FederatedObject | undefined> {
  const object =
    plan.finalizer === "add"
      ? await setFinalizer(view.object, "add", { deps, type }, signal)
      : view.object;
  if (object && plan.newRevision) {
    await storeRevision(object, type, plan.newRevision, deps, signal);
  }
  return object;
}

/** Stores what happened: ledger, tombstones, status; then lets go of a deleted object. */
async function report(
  view: SyncView,
  plan: SyncPlan,
  results: readonly DecisionResult[],
  { deps, type, pending }: TypeContext & { readonly pending: PendingWrites },
  signal: AbortSignal,
): Promise<Outcome> {
  const { object } = view;
  const now = formatTime(deps.nowMs());
  const collects = collectsStatus(type, deps);
  const settle = createSettler(view, now);
  const settled = results.map((result) => {
    const remoteStatus = collects ? remoteStatusOf(view, result) : undefined;
    const { decision, outcome } = result;
    return { member: decision.member, ...settle(decision, outcome, remoteStatus) };
  });
  const reports = settled.filter(({ reported }) => reported).map(({ report: each }) => each);
  recordSync({ view, plan, results, reports }, type, deps.recorder);
  const changes = settled.map(({ member, ledger }) => ({ member, change: ledger }));
  const ledger = changeLedger(view.ledger, changes, view);
  if (ledger !== view.ledger) await storeLedger(object, type, ledger, deps, signal);
  if (plan.finalizer === "remove") {
    // What a late write may still bring must not be left behind.
    if (pending !== "none") return { kind: "recheck", afterMs: recheckMs };
    await Promise.all(
      plan.abandoned.map((decision) => storeTombstone(view, decision, deps, signal)),
    );
    await setFinalizer(object, "remove", { deps, type }, signal);
    return { kind: "done" };
  }
  await Promise.all(
    plan.pruneRevisions.map((number) => removeRevision(object, type, number, deps, signal)),
  );
  if (results.some(({ outcome }) => outcome.kind === "stale")) return { kind: "done" };
  // No generation counts as observed while a write outside its mask may be in flight.
  const { observedGeneration = 0 } = object.status ?? {};
  const generation = pending === "ofEarlierGeneration" ? observedGeneration : plan.generation;
  const status = computeStatus(view, { ...plan, generation }, reports, now);
  const isStored = await storeStatus(object, status, { deps, type }, signal);
  const failures = reports.filter(({ status: each }) => recoverableStatuses.has(each));
  const turns = results.flatMap(({ outcome }) => turnOf(outcome));
  // Whoever only waits for its turn comes back for it.
  if (turns.length > 0 && turns.length === failures.length) {
    return { kind: "recheck", afterMs: Math.min(...turns) };
  }
  const [failed] = failures;
  if (failed) return { kind: "retry", reason: `${failed.member}: ${failed.message}` };
  return outcomeOf(results, isStored);
}

function turnOf(outcome: WriteOutcome): readonly number[] {
  const isWaiting = outcome.kind === "timedOut" && outcome.retryAfterMs !== undefined;
  return isWaiting ? [outcome.retryAfterMs] : [];
}

function outcomeOf(results: readonly DecisionResult[], isStored: boolean): Outcome {
  // What is gone already is seen gone at once; the rest tells by watch.
  if (results.some(({ outcome }) => outcome.kind === "removed"))
    return { kind: "recheck", afterMs: 1 };
  if (!isStored) return { kind: "retry", reason: "the status was written by somebody else" };
  const isWaiting = results.some(({ outcome, decision }) => {
    return outcome.kind === "removing" || decision.status === "WaitingForRemoval";
  });
  return isWaiting ? { kind: "recheck", afterMs: recheckMs } : { kind: "done" };
}
