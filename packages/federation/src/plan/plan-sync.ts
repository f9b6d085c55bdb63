import { kubefed } from "../api/names.ts";
import type { PropagationReason } from "../api/topology-status.ts";
import {
  computePlacement,
  type Placement,
  type PlacementOutcome,
} from "../placement/compute-placement.ts";
import { ignoredAnnotations } from "../template/annotation-policy.ts";
import { decideMember } from "./decide-member.ts";
import { decisionOfMissing, gatherFacts } from "./member-facts.ts";
import { planDeletion } from "./plan-deletion.ts";
import { createSyncContext, type SyncContext } from "./sync-context.ts";
import type { PlanWarning, SyncPlan, TopologyDecision } from "./sync-plan.ts";
import type { SyncView } from "./sync-view.ts";

/** What one reconcile of a federated object does everywhere: design/federation.md §4. */
export function planSync(view: SyncView): SyncPlan {
  const context = createSyncContext(view);
  const outcome = placementOf(view);
  if (view.object.metadata.deletionTimestamp !== undefined) {
    return planDeletion(context, outcome.kind === "placed" ? outcome.placement : undefined);
  }
  const frame = planFrame(context);
  if (outcome.kind === "failed") {
    return { ...frame, reason: outcome.reason, message: outcome.message };
  }
  const { desired } = context.revisions;
  const reason: PropagationReason = desired === undefined ? "RevisionNotFound" : outcome.reason;
  return { ...frame, reason, decisions: decideAll(context, outcome.placement) };
}

/** The placement of a view's object. */
export function placementOf(view: SyncView): PlacementOutcome {
  const { object, members, over, tenant, settings, namespaceLimit } = view;
  const outcome = computePlacement({
    object,
    clusters: Array.from(members.values(), ({ cluster }) => cluster),
    over,
    tenant,
    isolation: settings.isolation,
    namespaceLimit,
  });
  if (settings.masks === "on" || outcome.kind === "failed") return outcome;
  return { ...outcome, placement: { ...outcome.placement, mask: undefined } };
}

/** Whether a plan may still be acted on: no newer generation, and the same object. */
export function isPlanCurrent(
  plan: Pick<SyncPlan, "generation" | "uid">,
  newest: { readonly generation: number; readonly uid: string } | undefined,
): boolean {
  return newest !== undefined && newest.uid === plan.uid && newest.generation <= plan.generation;
}

function decideAll(context: SyncContext, placement: Placement): readonly TopologyDecision[] {
  const { members, ledger } = context.view;
  const { visible, placed, missing, mask, heldPolicy } = placement;
  const decisions: TopologyDecision[] = [];
  for (const [name, member] of members) {
    if (!visible.has(name)) continue;
    const inMask = mask === undefined || mask.has(name);
    const scope = { inPlacement: placed.has(name), inMask, heldPolicy };
    decisions.push(decideMember(gatherFacts(member, scope, context), context));
  }
  const lost = Array.from(ledger.entries.keys()).filter((name) => !visible.has(name));
  for (const name of missing.union(new Set(lost))) {
    const known = { entry: ledger.entries.get(name), inPlacement: missing.has(name) };
    decisions.push(decisionOfMissing(name, known));
  }
  return decisions.filter(isWorthKeeping).sort(byMember);
}

// Of a fleet of clusters, most objects concern a few.
function isWorthKeeping({ reported, ledger, operation }: TopologyDecision): boolean {
  return reported || operation.kind !== "none" || ledger.kind !== "keep";
}

function byMember(left: TopologyDecision, right: TopologyDecision): number {
  return left.member < right.member ? -1 : 1;
}

function planFrame(context: SyncContext): SyncPlan {
  const { object } = context.view;
  const { created, current, desired, pruned } = context.revisions;
  const { finalizers = [], generation = 0, uid = "" } = object.metadata;
  return {
    generation,
    uid,
    mode: "sync",
    finalizer: finalizers.includes(kubefed.syncFinalizer) ? "keep" : "add",
    ...(created === undefined ? {} : { newRevision: created }),
    pruneRevisions: pruned,
    currentRevision: current.number,
    desiredRevision: desired?.number ?? object.spec?.revision ?? 0,
    decisions: [],
    reason: "",
    message: "",
    blockedBy: [],
    abandoned: [],
    warnings: warningsOf(context),
  };
}

function warningsOf({ view, policy }: SyncContext): readonly PlanWarning[] {
  const template = view.object.spec?.template;
  const metadata = template?.["metadata"];
  const warnings: PlanWarning[] = [];
  const ignored = ignoredAnnotations(template, policy);
  if (ignored.length > 0) {
    const message = `metadata.annotations cannot be set via template unless the type propagates them, consider using an override: ${ignored.join(", ")}`;
    warnings.push({ reason: "AnnotationsNotSupported", message });
  }
  if (typeof metadata === "object" && metadata !== null && "finalizers" in metadata) {
    const message = "metadata.finalizers cannot be set via template, consider using an override";
    warnings.push({ reason: "FinalizersNotSupported", message });
  }
  return warnings;
}
