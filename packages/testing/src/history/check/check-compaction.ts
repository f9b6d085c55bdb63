import type { Op } from "../record/history.ts";
import { operationsOf } from "../model/effects.ts";
import type { Facts } from "./facts.ts";
import type { Violations } from "./violation.ts";

/** History is refused only where it was compacted, and always where that was acknowledged. */
export function checkCompaction(facts: Facts, violations: Violations): void {
  for (const op of facts.history.ops) {
    const { outcome } = op;
    const asked = revisionAsked(op);
    if (outcome.is === "compacted") checkRefusal(op, asked, { ...facts, violations });
    else if (outcome.is === "future") checkFuture(op, asked, { ...facts, violations });
    else if (outcome.is === "range" || outcome.is === "done") {
      checkAllowed(op, asked, { ...facts, violations });
    }
  }
}

type Checking = Facts & { readonly violations: Violations };

/** The oldest revision of history that a request needs; infinite where it needs none. */
function revisionAsked({ request }: Op): number {
  if (request.do === "compact") return request.revision;
  if (request.do === "range") return request.range.revision || Number.POSITIVE_INFINITY;
  if (request.do !== "txn") return Number.POSITIVE_INFINITY;
  const revisions = operationsOf(request.txn).flatMap((operation) =>
    operation.kind === "range" && operation.revision ? [operation.revision] : [],
  );
  return Math.min(Number.POSITIVE_INFINITY, ...revisions);
}

/** Reading at the compacted revision works; compacting to it again does not. */
function isCompacted(op: Op, asked: number, compacted: number): boolean {
  return op.request.do === "compact" ? asked <= compacted : asked < compacted;
}

function checkRefusal(
  op: Op,
  asked: number,
  { history, compactAsked, violations }: Checking,
): void {
  const highest =
    op.request.do === "compact"
      ? highestOther(op, history.ops)
      : compactAsked.before(op.returnedUs).value;
  if (isCompacted(op, asked, highest)) return;
  violations.add({
    rule: "compaction",
    message: `${op.id} was refused revision ${asked} as compacted, and by then nobody had asked for more than ${highest}`,
    revision: asked,
    of: [op.id],
  });
}

function highestOther(op: Op, ops: readonly Op[]): number {
  let highest = 0;
  for (const other of ops) {
    if (other.calledUs >= op.returnedUs) break;
    if (other !== op && other.request.do === "compact") {
      highest = Math.max(highest, other.request.revision);
    }
  }
  return highest;
}

function checkAllowed(op: Op, asked: number, { compactDone, violations }: Checking): void {
  if (op.request.do === "range" && op.request.range.serializable) return;
  if (asked === Number.POSITIVE_INFINITY || op.request.do === "grant") return;
  const done = compactDone.before(op.calledUs);
  if (!isCompacted(op, asked, done.value)) return;
  violations.add({
    rule: "compaction",
    message: `${op.id} was given revision ${asked} though ${done.id} had compacted to ${done.value}`,
    revision: asked,
    of: [done.id, op.id],
  });
}

function checkFuture(op: Op, asked: number, { told, violations }: Checking): void {
  const newest = told.before(op.calledUs);
  if (asked > newest.value) return;
  violations.add({
    rule: "future revision",
    message: `${op.id} was refused revision ${asked} as future, and ${newest.id} had told ${newest.value} before`,
    revision: asked,
    of: [newest.id, op.id],
  });
}
