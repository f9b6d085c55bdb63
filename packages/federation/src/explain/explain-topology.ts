import { joinedClusterOf } from "../placement/tenant-scope.ts";
import { topologyNameOf } from "../placement/select-members.ts";
import type { Placement } from "../placement/compute-placement.ts";
import type { TopologyWords } from "../conversion/topology-words.ts";
import { parseMemberName } from "../conversion/member-name.ts";
import { schedulerOverrides } from "../plan/revision.ts";
import type { SyncContext } from "../plan/sync-context.ts";
import type { SyncPlan, TopologyDecision } from "../plan/sync-plan.ts";
import type { MemberView } from "../plan/sync-view.ts";
import { readBookkeeping } from "../template/source.ts";
import { explainMask } from "./explain-mask.ts";
import { explainOverrides } from "./explain-overrides.ts";
import { explainPlaced, explainUndecided, explainUnknown, type Verdict } from "./explain-placed.ts";
import { explainWaiting } from "./explain-waiting.ts";
import { lastWriteOf } from "./explain-write.ts";
import type {
  LastWrite,
  MaskRule,
  PlacedRule,
  TopologyExplanation,
} from "./placement-explanation.ts";
import { storedOtherwise } from "./stored-otherwise.ts";
import { sentencesOf } from "./topology-sentences.ts";

/** What every topology of one object is explained by. */
export interface ExplainContext {
  readonly context: SyncContext;
  readonly plan: SyncPlan;
  readonly words: TopologyWords;
  /** Absent where none can be computed. */
  readonly placement: Placement | undefined;
  readonly lastWriteIn: (member: string) => LastWrite | undefined;
}

/** Explains one member; `decision` is absent where the plan has nothing to tell of it. */
export function explainTopology(
  name: string,
  decision: TopologyDecision | undefined,
  explain: ExplainContext,
): TopologyExplanation {
  const { context, words, placement } = explain;
  const { view } = context;
  const member = view.members.get(name);
  const isSeen = placement?.visible.has(name) === true && decision?.status !== "TopologyNotFound";
  if (!member || (placement && !isSeen)) return explainMissing(name, decision, explain);
  const { cluster } = member;
  const decided = decision ?? plainDecision(name, member, explain);
  const placed = placement
    ? explainPlaced(cluster, { view, placement, words })
    : explainUndecided(explain.plan.message);
  const mask = explainMask(cluster, view, words);
  const overrides = placed.value ? overridesOf(member, explain) : [];
  return assemble(decided, { placed, mask, overrides, member }, explain);
}

function explainMissing(
  name: string,
  decision: TopologyDecision | undefined,
  explain: ExplainContext,
): TopologyExplanation {
  const decided = decision ?? { ...unknownDecision, member: name, topology: topologyOf(name) };
  const placed = explainUnknown(decided.topology, decision?.inPlacement === true);
  const none: Verdict<MaskRule> = { value: false, rule: "NotNamed", sentence: "" };
  const found = { placed, mask: none, overrides: [], member: undefined };
  const told = assemble(decided, found, explain);
  // What is neither named nor in the ledger is waited for by nobody.
  return decision ? told : { ...told, waitsFor: null, sentences: [placed.sentence] };
}

const unknownDecision: Omit<TopologyDecision, "member" | "topology"> = {
  inPlacement: false,
  inMask: false,
  operation: { kind: "none" },
  ledger: { kind: "keep" },
  status: "TopologyNotFound",
  reported: true,
  reason: "no such topology is known here",
  behind: 0,
  drifted: false,
};

function topologyOf(name: string): string {
  return parseMemberName(name)?.cell ?? name;
}

// The plan leaves out what is out of placement and not there.
function plainDecision(
  name: string,
  { cluster }: MemberView,
  { context, words, placement }: ExplainContext,
): TopologyDecision {
  const revision = context.view.ledger.entries.get(name)?.revision;
  return {
    ...unknownDecision,
    member: name,
    topology: topologyNameOf(cluster, words) ?? name,
    cluster: joinedClusterOf(cluster),
    status: "",
    reason: placement ? "out of placement, and nothing of it is there" : "nothing is decided",
    ...(revision === undefined ? {} : { revision }),
  };
}

function overridesOf(
  { cluster }: MemberView,
  { context, words }: ExplainContext,
): TopologyExplanation["overrides"] {
  const { revisions, view } = context;
  const { overrides = [] } = revisions.desired ?? revisions.current;
  return explainOverrides([...overrides, ...schedulerOverrides(view.object)], cluster, words);
}

interface Found {
  readonly placed: Verdict<PlacedRule>;
  readonly mask: Verdict<MaskRule>;
  readonly overrides: TopologyExplanation["overrides"];
  readonly member: MemberView | undefined;
}

function assemble(
  decision: TopologyDecision,
  { placed, mask, overrides, member }: Found,
  { context, plan, lastWriteIn }: ExplainContext,
): TopologyExplanation {
  const { member: name, topology, cluster = "", behind, drifted, operation, reason } = decision;
  const { object, ledger } = context.view;
  const lastWrite = lastWriteOf(lastWriteIn(name), ledger.entries.get(name));
  const heldPolicy =
    object.spec?.placementMask && (object.spec.placementMask.heldPolicy ?? "Freeze");
  const explanation = {
    topology,
    cluster,
    kubeFedCluster: name,
    placed: { value: placed.value, rule: placed.rule },
    mask: { inMask: mask.value, rule: mask.rule, heldPolicy: heldPolicy ?? null },
    revision: decision.revision ?? null,
    memberGeneration: memberGenerationOf(member, object.metadata.uid),
    behind,
    drifted,
    storedOtherwise: member ? storedOtherwise(member, decision, context) : null,
    overrides,
    operation: operation.kind,
    status: decision.status,
    reason,
    lastWrite,
    waitsFor: explainWaiting(decision, lastWrite),
  };
  const known = { placed: placed.sentence, mask: mask.sentence };
  return { ...explanation, sentences: sentencesOf(explanation, known, plan) };
}

function memberGenerationOf(
  member: MemberView | undefined,
  uid: string | undefined,
): number | null {
  if (member?.observation.kind !== "present") return null;
  const book = readBookkeeping(member.observation.object.metadata);
  return book !== undefined && book.uid === uid ? book.generation : null;
}
