import { annotations, kubefed } from "../api/names.ts";
import type { Placement } from "../placement/compute-placement.ts";
import { isVisible } from "../placement/tenant-scope.ts";
import { decideUnreadable } from "./decide-member.ts";
import {
  decisionOf,
  decisionOfMissing,
  dropped,
  gatherFacts,
  hasLostItsCell,
  liveOf,
  type MemberFacts,
} from "./member-facts.ts";
import { ownershipOf } from "./ownership.ts";
import { sourceIn, type SyncContext } from "./sync-context.ts";
import type { SyncPlan, TopologyDecision } from "./sync-plan.ts";
import type { MemberView, SyncView } from "./sync-view.ts";
import { releaseOperation, removeDecision } from "./withdraw-row.ts";

/**
 * Deletion of the whole object: everywhere, whatever the mask. The finalizer goes once nothing is
 * left but what was abandoned. `placement` is absent where it cannot be computed.
 */
export function planDeletion(context: SyncContext, placement: Placement | undefined): SyncPlan {
  const { view, revisions } = context;
  const { metadata } = view.object;
  const orphan = metadata.annotations?.[kubefed.orphanAnnotation] === "true";
  const decisions = decideAll(context, placement);
  const blocked = decisions.filter(isBlocking);
  const given = abandonedNames(view);
  const abandoned = blocked.filter(
    ({ member, topology }) => given.has(member) || given.has(topology),
  );
  const blockedBy = blocked.filter((decision) => !abandoned.includes(decision));
  const present = metadata.finalizers?.includes(kubefed.syncFinalizer) ?? false;
  return {
    generation: metadata.generation ?? 0,
    uid: metadata.uid ?? "",
    mode: orphan ? "orphan" : "delete",
    finalizer: present && blockedBy.length === 0 ? "remove" : "keep",
    pruneRevisions: [],
    currentRevision: revisions.current.number,
    desiredRevision: revisions.desired?.number ?? 0,
    decisions: decisions.filter(({ reported, operation, ledger }) => {
      return reported || operation.kind !== "none" || ledger.kind === "drop";
    }),
    reason: "",
    message: "",
    blockedBy: blockedBy.map(({ topology, status, reason }) => ({ topology, status, reason })),
    abandoned,
    warnings: [],
  };
}

function decideAll(
  context: SyncContext,
  placement: Placement | undefined,
): readonly TopologyDecision[] {
  const { view } = context;
  const decisions: TopologyDecision[] = [];
  const touchable = touchableMembers(view);
  for (const [name, member] of touchable) {
    const inMask = placement?.mask === undefined || placement.mask.has(name);
    const inPlacement = placement?.placed.has(name) ?? false;
    const scope = { inPlacement, inMask, heldPolicy: "Freeze" } as const;
    decisions.push(decide(gatherFacts(member, scope, context), context));
  }
  for (const [name, entry] of view.ledger.entries) {
    if (!touchable.has(name))
      decisions.push(decisionOfMissing(name, { entry, inPlacement: false }));
  }
  return decisions.sort((left, right) => (left.member < right.member ? -1 : 1));
}

// Any member of the tenant's that may ever have been written to: types may have gone since.
function touchableMembers(view: SyncView): ReadonlyMap<string, MemberView> {
  const { object, members, tenant, settings, over } = view;
  const namespace = object.metadata.namespace ?? "";
  const kinds = over === undefined ? (["Clusters", "Cells"] as const) : [over];
  const touchable = Array.from(members).filter(([, { cluster }]) =>
    kinds.some((kind) =>
      isVisible(cluster, { over: kind, namespace, tenant, isolation: settings.isolation }),
    ),
  );
  return new Map(touchable);
}

function decide(facts: MemberFacts, context: SyncContext): TopologyDecision {
  const { member, entry, inPlacement, inMask } = facts;
  const concerned = entry !== undefined || (inPlacement && inMask);
  if (hasLostItsCell(member)) {
    const missing = decisionOfMissing(facts.name, { entry, inPlacement });
    return { ...missing, reported: concerned };
  }
  const unreadable = decideUnreadable(facts, context);
  if (unreadable) return { ...unreadable, reported: concerned };
  const live = liveOf(member);
  const ownership = live && ownershipOf(live, sourceIn(context, member));
  if (live === undefined || ownership?.kind !== "ours") {
    const reason = "nothing of ours is there";
    return decisionOf(facts, { reported: false, ledger: dropped(facts), reason });
  }
  const { book } = ownership;
  if (
    book?.uid === context.view.object.metadata.uid &&
    (book?.generation ?? 0) > context.maxGeneration
  ) {
    const reason = `the member was written for generation ${book?.generation ?? 0}, later than ${context.maxGeneration}`;
    return decisionOf(facts, { status: "AheadOfControlPlane", reported: true, reason });
  }
  return remove(facts, context);
}

function remove(facts: MemberFacts, context: SyncContext): TopologyDecision {
  const live = liveOf(facts.member) ?? { metadata: {} };
  const waiting = { status: "WaitingForRemoval", reported: true } as const;
  const { annotations: set } = context.view.object.metadata;
  if (live.metadata.deletionTimestamp !== undefined) {
    return decisionOf(facts, { ...waiting, reason: "the object is being deleted in the member" });
  }
  if (set?.[kubefed.orphanAnnotation] === "true") {
    const operation = releaseOperation(live);
    return decisionOf(facts, { ...waiting, operation, reason: "orphaned: the object stays" });
  }
  return removeDecision(facts, { live, why: "the federated object is being deleted" }, context);
}

function isBlocking({ reported, operation }: TopologyDecision): boolean {
  return reported || operation.kind !== "none";
}

function abandonedNames({ object }: SyncView): ReadonlySet<string> {
  const text = object.metadata.annotations?.[annotations.abandon] ?? "";
  return new Set(
    text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );
}
