import { decideWithoutRevision, type LiveView, moveOn, writeDecision } from "./apply-row.ts";
import { computeBehind } from "./behind.ts";
import { findUncovered } from "../template/retain-fields.ts";
import { decisionOf, type MemberFacts } from "./member-facts.ts";
import { isDrifted, type KnownStanding, renderingOf, standingOf } from "./standing.ts";
import type { SyncContext } from "./sync-context.ts";
import type { TopologyDecision } from "./sync-plan.ts";

/**
 * In placement, outside the mask: not one write, but for Pin's repair of what the ledger knows, to
 * bytes whose hash is the ledger's.
 */
export function holdRow(
  facts: MemberFacts,
  live: LiveView,
  context: SyncContext,
): TopologyDecision {
  const { entry, target } = facts;
  if (live.live === undefined && entry === undefined) {
    return decisionOf(facts, {
      status: "NotReleased",
      reason: "never created, and not in the mask",
    });
  }
  if (context.revisions.desired === undefined) return decideWithoutRevision(facts, context);
  if (target === undefined) {
    return decisionOf(facts, { status: "Held", reason: "not in the mask", behind: 1 });
  }
  const view = { ...live, entry, target };
  const standing = standingOf(view, context);
  const drifted = live.live === undefined || isDrifted(view, standing, context);
  const behind = computeBehind(standing, target, context);
  const held = { facts, standing, behind };
  if (drifted) return decideDrifted(held, live, context);
  return decideSteady(held, live, context);
}

interface HeldView {
  readonly facts: MemberFacts;
  readonly standing: KnownStanding;
  readonly behind: number;
}

function decideSteady(
  { facts, standing, behind }: HeldView,
  { live }: LiveView,
  context: SyncContext,
): TopologyDecision {
  const { desired } = context.revisions;
  if (behind === 0 && desired !== undefined && live !== undefined) {
    return decisionOf(facts, {
      revision: desired.number,
      ledger: moveOn(facts, { live, standing, revision: desired }, context),
      reason: `at revision ${desired.number}; not in the mask`,
    });
  }
  return decisionOf(facts, {
    status: "Held",
    behind,
    ...revisionOf(standing),
    reason: `held at ${nameOf(standing)}, ${behind} behind: not in the mask`,
  });
}

function decideDrifted(
  { facts, standing, behind }: HeldView,
  live: LiveView,
  context: SyncContext,
): TopologyDecision {
  const what = live.live === undefined ? "gone from the member" : "changed in the member";
  const held = { status: "Held", behind, drifted: true, ...revisionOf(standing) } as const;
  if (facts.heldPolicy === "Freeze") {
    return decisionOf(facts, { ...held, reason: `${what}; not in the mask, so it stays (Freeze)` });
  }
  const rendering = facts.target && renderingOf(standing, facts.target, context);
  if (rendering === undefined || rendering.hash !== facts.entry?.hash) {
    const reason = `RenderingChanged: ${what}, and ${nameOf(standing)} no longer renders to what was written`;
    return decisionOf(facts, { ...held, reason });
  }
  const revision = standing.revision ?? 0;
  const why = `${what}; not in the mask, so repaired to what it was (Pin)`;
  const repair = writeDecision(facts, { rendering, revision, live, why }, context);
  const status = repair.status === "" && behind > 0 ? "Held" : repair.status;
  const repairs = (live.live && findUncovered(live.live, rendering.object)) ?? "";
  return { ...repair, status, behind, drifted: repair.operation.kind === "none", repairs };
}

function revisionOf({ revision }: KnownStanding): { readonly revision?: number } {
  return revision === undefined ? {} : { revision };
}

function nameOf({ revision }: KnownStanding): string {
  return revision === undefined ? "an unknown revision" : `revision ${revision}`;
}
