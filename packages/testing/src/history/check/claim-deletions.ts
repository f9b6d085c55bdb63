import { evaluateTxn } from "../model/evaluate-txn.ts";
import type { LeaseStory } from "../model/lease-book.ts";
import { match } from "../model/match.ts";
import type { Change, Timelines } from "../model/timelines.ts";
import type { Op } from "../record/history.ts";
import type { Facts } from "./facts.ts";
import type { Violations } from "./violation.ts";

/** A lease that ended by itself, at a revision. */
export interface LeaseEnd {
  readonly lease: LeaseStory;
  readonly revision: number;
}

/**
 * Deletions carry no value that says who made them. Each that no answer claims must be the end of
 * a lease, or one of the operations without an answer, each of which has effect once at most; who
 * made which is a matching.
 */
export function claimDeletions(
  facts: Facts,
  leases: ReadonlyMap<number, LeaseStory>,
  violations: Violations,
): readonly LeaseEnd[] {
  const { timelines, unclaimed, writers } = facts.replay;
  const ends: LeaseEnd[] = [];
  const open: number[] = [];
  for (const revision of unclaimed) {
    const changes = timelines.changesAt(revision);
    const lease = leases.get(changes[0]?.previous?.lease ?? 0);
    if (lease && isWholeLease(changes, lease.id, timelines.at(revision - 1))) {
      ends.push({ lease, revision });
    } else open.push(revision);
  }
  const suspects = facts.history.ops.filter(
    (op) =>
      op.outcome.is === "unknown" && op.request.do === "txn" && !facts.replay.revisionOf.has(op),
  );
  const claims = match(open, suspects, (revision, op) => couldHaveDone(op, revision, facts));
  for (const revision of open) {
    const op = claims.get(revision);
    if (op) writers.set(revision, op);
    else violations.add(phantomDeletion(revision, facts));
  }
  return ends;
}

/** What a lease that ends does: all its keys go, in order. */
export function isWholeLease(
  changes: readonly Change[],
  lease: number,
  before: ReturnType<Timelines["at"]>,
): boolean {
  const attached = before.list({ key: "\0", end: "\0" }).filter((kv) => kv.lease === lease);
  return (
    changes.length === attached.length &&
    changes.every(({ key, kv }, i) => !kv && attached[i]?.key === key)
  );
}

function couldHaveDone(op: Op, revision: number, { told, replay }: Facts): boolean {
  // What was known before it was called stands before it.
  if (op.request.do !== "txn" || told.before(op.calledUs).value >= revision) return false;
  const { changes } = evaluateTxn(op.request.txn, revision - 1, replay.timelines);
  const there = replay.timelines.changesAt(revision);
  return (
    changes.length === there.length &&
    changes.every(({ key, kv }, i) => !kv && there[i]?.key === key)
  );
}

function phantomDeletion(revision: number, { replay }: Facts): Parameters<Violations["add"]>[0] {
  const keys = replay.timelines.changesAt(revision).map(({ key }) => key);
  return {
    rule: "phantom",
    message: `revision ${revision} deletes ${keys.join(", ")}, which nobody can have done`,
    revision,
    keys,
  };
}
