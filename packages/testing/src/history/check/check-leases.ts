import { operationsOf } from "../model/effects.ts";
import { type LeaseStory, livesUntilUs } from "../model/lease-book.ts";
import type { Op } from "../record/history.ts";
import { isWholeLease, type LeaseEnd } from "./claim-deletions.ts";
import type { Facts } from "./facts.ts";
import type { Violations } from "./violation.ts";

/** A lease never ends early, its keys go as one revision, and nothing revives it. */
export function checkLeases(
  facts: Facts,
  {
    leases,
    ends,
    violations,
  }: {
    readonly leases: ReadonlyMap<number, LeaseStory>;
    readonly ends: readonly LeaseEnd[];
    readonly violations: Violations;
  },
): void {
  const endedUs = new Map<number, number>();
  for (const { lease, revision } of ends) {
    const seenUs = facts.replay.seen.get(revision)?.atUs ?? Number.POSITIVE_INFINITY;
    endedUs.set(lease.id, Math.min(endedUs.get(lease.id) ?? Number.POSITIVE_INFINITY, seenUs));
    const wasRevoked = lease.revokes.some(({ calledUs }) => calledUs < seenUs);
    const untilUs = livesUntilUs(lease, seenUs);
    if (wasRevoked || seenUs >= untilUs) continue;
    violations.add({
      rule: "lease ended early",
      message: `lease ${lease.id} ended at revision ${revision}, ${Math.round((untilUs - seenUs) / 1000)} ms before its time`,
      revision,
      of: lease.renewals.map(({ id }) => id),
    });
  }
  for (const lease of leases.values()) checkRevokes(lease, { facts, endedUs, violations });
  for (const op of facts.history.ops) checkUse(op, { leases, endedUs, violations });
}

function checkRevokes(
  lease: LeaseStory,
  {
    facts,
    endedUs,
    violations,
  }: {
    readonly facts: Facts;
    readonly endedUs: Map<number, number>;
    readonly violations: Violations;
  },
): void {
  const { timelines, writers } = facts.replay;
  for (const op of lease.revokes) {
    if (op.outcome.is !== "revision") continue;
    const { revision } = op.outcome;
    endedUs.set(
      lease.id,
      Math.min(endedUs.get(lease.id) ?? Number.POSITIVE_INFINITY, op.returnedUs),
    );
    const isWriter = writers.get(revision) === op;
    const left = timelines
      .at(revision)
      .list({ key: "\0", end: "\0" })
      .filter((kv) => kv.lease === lease.id);
    const isWhole =
      !isWriter ||
      isWholeLease(timelines.changesAt(revision), lease.id, timelines.at(revision - 1));
    if (left.length === 0 && isWhole) continue;
    violations.add({
      rule: "lease ended in parts",
      message: `lease ${lease.id} was revoked by ${op.id} at revision ${revision}, and left ${left.map(({ key }) => key).join(", ")}`,
      revision,
      keys: left.map(({ key }) => key),
      of: [op.id],
    });
  }
}

function checkUse(
  op: Op,
  {
    leases,
    endedUs,
    violations,
  }: {
    readonly leases: ReadonlyMap<number, LeaseStory>;
    readonly endedUs: ReadonlyMap<number, number>;
    readonly violations: Violations;
  },
): void {
  for (const id of leasesUsed(op)) {
    if (op.calledUs <= (endedUs.get(id) ?? Number.POSITIVE_INFINITY)) continue;
    const message = `${op.id} used lease ${id} after it had ended`;
    violations.add({ rule: "lease after its end", message, of: [op.id] });
  }
  const isMissing = op.outcome.is === "absent" && "lease" in op.request;
  const lease = "lease" in op.request ? leases.get(op.request.lease) : undefined;
  if (!isMissing || !lease || op.returnedUs >= livesUntilUs(lease, op.calledUs)) return;
  const known = lease.renewals.some(({ returnedUs }) => returnedUs < op.calledUs);
  if (!known || lease.revokes.some(({ calledUs }) => calledUs < op.returnedUs)) return;
  violations.add({
    rule: "lease ended early",
    message: `${op.id} was told that lease ${lease.id} is gone, before its time`,
    of: [op.id],
  });
}

/** The leases that an operation has found alive. */
function leasesUsed({ request, outcome }: Op): readonly number[] {
  if (request.do === "keepAlive" && outcome.is === "done") return [request.lease];
  if (request.do !== "txn" || outcome.is !== "txn" || !outcome.result.succeeded) return [];
  return operationsOf({ ...request.txn, failure: [] }).flatMap((operation) =>
    operation.kind === "put" && operation.lease ? [operation.lease] : [],
  );
}
