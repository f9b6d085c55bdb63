import { annotations } from "../api/names.ts";
import type { MemberName } from "../placement/select-members.ts";
import { planSync } from "../plan/plan-sync.ts";
import { liveOf } from "../plan/member-facts.ts";
import type { SyncOperation, SyncPlan, TopologyDecision } from "../plan/sync-plan.ts";
import type { MemberView, SyncView } from "../plan/sync-view.ts";
import { readBookkeeping } from "../template/source.ts";

/** A write that would make an object what it was rendered to. */
export type RenderingWrite = Extract<SyncOperation, { readonly kind: "create" | "update" }>;

/** What was last written to a member. */
export type LastWritten =
  | { readonly kind: "nothing" }
  /** What is live is what was written. */
  | { readonly kind: "live" }
  /** What is live was changed: this write would bring back what was written. */
  | { readonly kind: "write"; readonly write: RenderingWrite }
  | { readonly kind: "unknown"; readonly why: string };

/** What would happen in one member if nothing held it back. */
export interface WritePreview {
  /** As the controller has it now, with what holds it back. */
  readonly current: TopologyDecision;
  /** Without mask, and with consent to overwrite what is later. */
  readonly next: TopologyDecision;
  readonly lastWritten: LastWritten;
  /** Why the member cannot be read; then `next` is made as if nothing were there. */
  readonly unreadable: string | undefined;
  /** Whether what is there may be shown: another's object may not. */
  readonly isOurs: boolean;
}

const foreign: ReadonlySet<string> = new Set([
  "AlreadyExists",
  "AlreadyOwned",
  "ManagedLabelFalse",
]);
const unreadable: ReadonlySet<string> = new Set(["ClusterNotReady", "CachedRetrievalFailed"]);

/**
 * Previews the writes that would bring every member to a revision (the desired one unless given):
 * the plan of the same view, but with nothing held by a mask. `plan` must be the plan of `view`.
 */
export function previewWrites(
  view: SyncView,
  plan: SyncPlan,
  revision: number = plan.desiredRevision,
): readonly WritePreview[] {
  const plans = new Map<number, ReadonlyMap<MemberName, TopologyDecision>>();
  const decisionAt = (number: number, member: MemberName): TopologyDecision | undefined => {
    const known = plans.get(number) ?? decisionsOf(planSync(previewView(view, number)));
    plans.set(number, known);
    return known.get(member);
  };
  return plan.decisions
    .filter(({ reported, operation }) => reported || operation.kind !== "none")
    .map((current) => {
      const { member, status, reason } = current;
      const next = decisionAt(revision, member) ?? current;
      const back =
        current.revision === undefined ? undefined : decisionAt(current.revision, member);
      return {
        current,
        next,
        lastWritten: lastWrittenOf(view, current, back),
        unreadable: unreadable.has(status) ? reason : undefined,
        isOurs: !foreign.has(status) && !foreign.has(next.status),
      };
    });
}

/** The view as it would be if this revision were wanted and nothing held a member back. */
function previewView(view: SyncView, revision: number): SyncView {
  const { placementMask: _, ...spec } = view.object.spec ?? {};
  const { metadata } = view.object;
  const accepted = { [annotations.acceptOlder]: `${Number.MAX_SAFE_INTEGER}` };
  const members = Array.from(view.members, ([name, member]) => [name, readable(member)] as const);
  return {
    ...view,
    object: {
      ...view.object,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...accepted } },
      spec: { ...spec, revision },
    },
    members: new Map(members),
  };
}

function readable(view: MemberView): MemberView {
  const { conflict: _, ...member } = view;
  const { kind } = member.observation;
  const isRead = kind === "present" || kind === "absent";
  return isRead ? member : { ...member, observation: { kind: "absent" } };
}

function decisionsOf({ decisions }: SyncPlan): ReadonlyMap<MemberName, TopologyDecision> {
  return new Map(decisions.map((decision) => [decision.member, decision]));
}

function lastWrittenOf(
  view: SyncView,
  current: TopologyDecision,
  back: TopologyDecision | undefined,
): LastWritten {
  const { revision } = current;
  const member = view.members.get(current.member);
  const live = member && liveOf(member);
  if (revision === undefined) {
    return live ? { kind: "unknown", why: "it was never written" } : { kind: "nothing" };
  }
  if (back === undefined) return { kind: "unknown", why: "the member is not known" };
  if (back.status === "ComputeResourceFailed") return { kind: "unknown", why: back.reason };
  const { operation } = back;
  if (operation.kind !== "create" && operation.kind !== "update") {
    return live ? { kind: "live" } : { kind: "nothing" };
  }
  const written = (live && readBookkeeping(live.metadata)?.hash) || undefined;
  const hash = written ?? view.ledger.entries.get(current.member)?.hash;
  if (hash !== undefined && back.brings?.hash !== hash) {
    const why = `revision ${revision} no longer renders to what was written`;
    return { kind: "unknown", why };
  }
  return { kind: "write", write: operation };
}
