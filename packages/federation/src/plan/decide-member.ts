import type { KubernetesObject } from "@cellplane/apimachinery";
import { applyRow, describeUnserved } from "./apply-row.ts";
import { computeBehind } from "./behind.ts";
import { holdRow } from "./hold-row.ts";
import {
  decisionOf,
  decisionOfMissing,
  dropped,
  hasLostItsCell,
  type MemberFacts,
} from "./member-facts.ts";
import type { Bookkeeping } from "../template/source.ts";
import { describeOwner, ownershipOf } from "./ownership.ts";
import { type SyncContext, sourceIn } from "./sync-context.ts";
import type { TopologyDecision } from "./sync-plan.ts";
import { withdrawRow } from "./withdraw-row.ts";

/** Decides about one member that may be seen: the table of design/federation.md §4, row by row. */
export function decideMember(facts: MemberFacts, context: SyncContext): TopologyDecision {
  const { member, inPlacement, entry } = facts;
  if (hasLostItsCell(member)) return decisionOfMissing(facts.name, { entry, inPlacement });
  const unreadable = decideUnreadable(facts, context);
  if (unreadable) return unreadable;
  const { observation } = member;
  if (observation.kind !== "present") return decideAbsent(facts, context);
  return decidePresent(facts, observation.object, context);
}

/** Nothing is done where the member's state is not known; `undefined` where it is. */
export function decideUnreadable(
  facts: MemberFacts,
  context: SyncContext,
): TopologyDecision | undefined {
  const { member, entry, inPlacement, name, target } = facts;
  const { observation } = member;
  if (observation.kind !== "unreachable" && observation.kind !== "unsynced") return undefined;
  const last =
    entry?.revision === undefined
      ? ""
      : `; last known at revision ${entry.revision}${entry.appliedAt ? ` since ${entry.appliedAt}` : ""}`;
  const reported = inPlacement || entry !== undefined;
  const standing = { revision: entry?.revision, hash: entry?.hash };
  const behind = entry && target && inPlacement ? computeBehind(standing, target, context) : 0;
  if (observation.kind === "unreachable") {
    const reason = `cluster ${JSON.stringify(name)} is not ready${last}`;
    return decisionOf(facts, { status: "ClusterNotReady", reported, behind, reason });
  }
  // What is served in no version that we know is not read either.
  if (target === undefined && context.revisions.desired !== undefined) {
    return decisionOf(facts, {
      status: "VersionNotServed",
      reported,
      behind,
      reason: `${describeUnserved(facts, context)}${last}`,
    });
  }
  const why = observation.message === undefined ? "" : `: ${observation.message}`;
  const reason = `the state of cluster ${JSON.stringify(name)} is not known yet${why}${last}`;
  return decisionOf(facts, { status: "CachedRetrievalFailed", reported, behind, reason });
}

function decideAbsent(facts: MemberFacts, context: SyncContext): TopologyDecision {
  if (!facts.inPlacement) {
    return decisionOf(facts, { reason: "out of placement, and not there", ledger: dropped(facts) });
  }
  const row = facts.inMask ? applyRow : holdRow;
  return row(facts, { live: undefined, book: undefined }, context);
}

function decidePresent(
  facts: MemberFacts,
  live: KubernetesObject,
  context: SyncContext,
): TopologyDecision {
  const ownership = ownershipOf(live, sourceIn(context, facts.member));
  if (ownership.kind !== "ours") return decideForeign(facts, { live, ownership }, context);
  const { book } = ownership;
  const { uid } = context.view.object.metadata;
  if (book !== undefined && book.uid === uid && book.generation > context.maxGeneration) {
    return decisionOf(facts, {
      status: "AheadOfControlPlane",
      reported: true,
      revision: book.revision,
      reason: `the member was written for generation ${book.generation}, later than ${context.maxGeneration}`,
    });
  }
  if (book !== undefined && isOfLostHistory(facts, book, context)) {
    return decisionOf(facts, {
      status: "AheadOfControlPlane",
      reported: true,
      revision: book.revision,
      reason: `the member stands at revision ${book.revision}, which this control plane does not know`,
    });
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const reason = "the object is being deleted in the member";
    return decisionOf(facts, { status: "WaitingForRemoval", reported: true, reason });
  }
  if (!facts.inPlacement) return withdrawRow(facts, live, context);
  const row = facts.inMask ? applyRow : holdRow;
  return row(facts, { live, book }, context);
}

/**
 * Whether a control plane that knew more than this one wrote the member, as after a restore from an
 * old backup. Generations tell that only until a few edits have caught up with them; that
 * the member stands on a revision that nobody here has heard of tells it for good.
 */
function isOfLostHistory(facts: MemberFacts, book: Bookkeeping, context: SyncContext): boolean {
  const { object } = context.view;
  const { entry, target } = facts;
  if (book.uid !== object.metadata.uid || book.hash === "" || book.hash === entry?.hash) {
    return false;
  }
  const { all, desired, pruned } = context.revisions;
  const isKnown = all.some(({ number }) => number === book.revision);
  if (isKnown || pruned.includes(book.revision) || book.revision <= (entry?.revision ?? 0)) {
    return false;
  }
  if (book.generation <= context.acceptedGeneration) return false;
  const rendering = desired && target && context.renderer.render(desired, target);
  return !(rendering?.kind === "rendered" && rendering.hash === book.hash);
}

interface ForeignView {
  readonly live: KubernetesObject;
  readonly ownership: Exclude<ReturnType<typeof ownershipOf>, { readonly kind: "ours" }>;
}

function decideForeign(
  facts: MemberFacts,
  { live, ownership }: ForeignView,
  context: SyncContext,
): TopologyDecision {
  const { settings, hostNamespaceUid } = context.view;
  if (!facts.inPlacement) {
    const reason = "out of placement; what is there is not ours";
    return decisionOf(facts, { reason, ledger: dropped(facts) });
  }
  if (ownership.kind === "refused") {
    const reason = "the member's object is labelled kubefed.io/managed=false";
    return decisionOf(facts, { status: "ManagedLabelFalse", reason });
  }
  if (!facts.inMask) return decideReplaced(facts, context);
  if (ownership.kind === "another") {
    const owner = describeOwner(ownership.owner, ownership.text, settings.controlPlaneId);
    return decisionOf(facts, { status: "AlreadyOwned", reason: `owned by ${owner}` });
  }
  const isHost = hostNamespaceUid !== undefined && live.metadata.uid === hostNamespaceUid;
  if (settings.adoption === "adopt" || isHost) {
    return applyRow(facts, { live, book: undefined }, context);
  }
  const reason = "an object of that name existed before, and adoption is disabled";
  return decisionOf(facts, { status: "AlreadyExists", reason });
}

// Held, and something else stands in its place: not even Pin may write over that.
function decideReplaced(facts: MemberFacts, context: SyncContext): TopologyDecision {
  const { entry, target } = facts;
  if (entry === undefined) {
    const reason = "never created, and not in the mask; what is there is not ours";
    return decisionOf(facts, { status: "NotReleased", reason });
  }
  const standing = { revision: entry.revision, hash: entry.hash };
  const behind = target ? computeBehind(standing, target, context) : 0;
  const reason = "replaced in the member by what is not ours; not in the mask";
  return decisionOf(facts, { status: "Held", drifted: true, behind, reason });
}
