import { topologyTypeOf, wordsOf } from "../conversion/convert-federated-object.ts";
import { selectionToTopology, type TopologyWords } from "../conversion/topology-words.ts";
import { placementOf } from "../plan/plan-sync.ts";
import { createSyncContext } from "../plan/sync-context.ts";
import type { SyncPlan } from "../plan/sync-plan.ts";
import type { SyncView } from "../plan/sync-view.ts";
import { type ExplainContext, explainTopology } from "./explain-topology.ts";
import {
  inspectApiVersion,
  type LastWrite,
  type PlacementExplanation,
  type TopologyExplanation,
} from "./placement-explanation.ts";

/** What an explanation needs besides view and plan. */
export interface ExplainExtras {
  /** The last write to a member, where it is remembered. */
  readonly lastWriteIn?: (member: string) => LastWrite | undefined;
  /** Only this topology, by its name or its KubeFedCluster's. */
  readonly topology?: string;
}

/**
 * Explains a plan: for every topology that the object may see or names, whether it is placed, by
 * which rule, what holds it, and what it waits for. `plan` must be the plan of `view`.
 */
export function explainPlan(
  view: SyncView,
  plan: SyncPlan,
  extras: ExplainExtras = {},
): PlacementExplanation {
  const { object } = view;
  const { name = "", namespace, generation = 0 } = object.metadata;
  return {
    apiVersion: inspectApiVersion,
    kind: "PlacementExplanation",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    objectKind: object.kind ?? view.typeConfig.federatedType.kind,
    topologyType: topologyTypeOf(object),
    generation,
    observedGeneration: object.status?.observedGeneration ?? 0,
    currentRevision: plan.currentRevision,
    desiredRevision: plan.desiredRevision,
    mask: maskOf(view, wordsOf(object)),
    deleting: plan.mode !== "sync",
    reason: plan.reason,
    message: plan.message,
    warnings: plan.warnings.map(({ message }) => message),
    topologies: explainTopologies(view, plan, extras),
  };
}

function explainTopologies(
  view: SyncView,
  plan: SyncPlan,
  { topology, lastWriteIn = () => undefined }: ExplainExtras,
): readonly TopologyExplanation[] {
  const outcome = placementOf(view);
  const placement = outcome.kind === "placed" ? outcome.placement : undefined;
  const explain: ExplainContext = {
    context: createSyncContext(view),
    plan,
    words: wordsOf(view.object),
    placement,
    lastWriteIn,
  };
  const decisions = new Map(plan.decisions.map((decision) => [decision.member, decision]));
  const names = new Set([
    ...(placement?.visible.keys() ?? []),
    ...decisions.keys(),
    ...(placement === undefined ? view.ledger.entries.keys() : []),
  ]);
  const all = Array.from(names, (name) => explainTopology(name, decisions.get(name), explain));
  const wanted = all.filter(
    (each) =>
      topology === undefined || each.topology === topology || each.kubeFedCluster === topology,
  );
  const asked = topology !== undefined && wanted.length === 0;
  const found = asked ? [explainTopology(topology, undefined, unseen(explain))] : wanted;
  return found.sort(byTopology);
}

// What was asked for by name and is not among what may be seen is not looked up anywhere.
function unseen(explain: ExplainContext): ExplainContext {
  const view = { ...explain.context.view, members: new Map() };
  return { ...explain, context: { ...explain.context, view } };
}

function maskOf({ object }: SyncView, words: TopologyWords): PlacementExplanation["mask"] {
  const mask = object.spec?.placementMask;
  if (mask === undefined) return null;
  return { ...selectionToTopology(mask, words), heldPolicy: mask.heldPolicy ?? "Freeze" };
}

function byTopology(left: TopologyExplanation, right: TopologyExplanation): number {
  const a = `${left.topology} ${left.kubeFedCluster}`;
  const b = `${right.topology} ${right.kubeFedCluster}`;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
