import { evaluateRange } from "../model/evaluate-range.ts";
import { evaluateTxn } from "../model/evaluate-txn.ts";
import { revisionOf, writtenAt } from "../model/effects.ts";
import type { Op } from "../record/history.ts";
import type { RangeResultText, RangeText, TxnResultText, TxnText } from "../record/text.ts";
import type { Facts } from "./facts.ts";
import { sameKv, sameKvs, sameRange, sameTxn } from "./same.ts";
import type { Violations } from "./violation.ts";

/** Every read, now or of history, and every transaction that changed nothing, answers what the log says. */
export function checkAnswers(facts: Facts, violations: Violations): void {
  for (const op of facts.history.ops) {
    checkHead(op, facts, violations);
    const { request, outcome } = op;
    if (request.do === "range" && outcome.is === "range") {
      checkRange(op, { ...facts, request: request.range, result: outcome.result }, violations);
    }
    if (request.do === "txn" && outcome.is === "txn" && writtenAt(op) === undefined) {
      checkTxn(op, { ...facts, request: request.txn, result: outcome.result }, violations);
    }
    if (outcome.is === "lost") {
      const message = `${op.id} was told: ${outcome.why}`;
      violations.add({ rule: "acknowledged writes gone", message, of: [op.id] });
    }
  }
  checkFinal(facts, violations);
}

function checkHead(op: Op, { replay, stillToCome }: Facts, violations: Violations): void {
  const revision = revisionOf(op) ?? 0;
  const tooNew = stillToCome.after(op.returnedUs);
  if (revision <= replay.timelines.head && revision < tooNew.value) return;
  violations.add({
    rule: "answer differs from the log",
    message:
      revision > replay.timelines.head
        ? `${op.id} tells revision ${revision}, and the log ends at ${replay.timelines.head}`
        : `${op.id} tells revision ${revision}, which only ${tooNew.id} wrote, later`,
    revision,
    of: [op.id],
  });
}

function checkRange(
  op: Op,
  {
    replay,
    request,
    result,
  }: Facts & { readonly request: RangeText; readonly result: RangeResultText },
  violations: Violations,
): void {
  const revision = request.revision || result.revision;
  const expected = evaluateRange(request, replay.timelines.at(revision));
  if (sameRange(expected, result)) return;
  const keys = differences(result, expected.kvs);
  violations.add({
    rule: request.revision ? "historic read" : "answer differs from the log",
    message: `${op.id} read at revision ${revision}: ${tellDifference(result, expected)}`,
    revision,
    keys: request.end ? keys.slice(0, 3) : [request.key],
    of: [op.id],
  });
}

/** What two answers differ in. */
function tellDifference(
  told: Omit<RangeResultText, "revision">,
  expected: Omit<RangeResultText, "revision">,
): string {
  const keys = differences(told, expected.kvs).map((key) => {
    const [there, wanted] = [told, expected].map(({ kvs }) => kvs.find((kv) => kv.key === key));
    return `${key}: ${JSON.stringify(there)}, the log has ${JSON.stringify(wanted)}`;
  });
  const counts = `count ${told.count} of ${expected.count}, more ${told.more} for ${expected.more}`;
  return [counts, ...keys].join("; ");
}

function checkTxn(
  op: Op,
  {
    replay,
    request,
    result,
  }: Facts & { readonly request: TxnText; readonly result: TxnResultText },
  violations: Violations,
): void {
  const evaluated = evaluateTxn(request, result.revision, replay.timelines);
  if (evaluated.changes.length === 0 && sameTxn(evaluated.result, result)) return;
  violations.add({
    rule: "answer differs from the log",
    message: `${op.id} answered at revision ${result.revision}: ${JSON.stringify(result)}; the log says ${JSON.stringify(evaluated.result)}`,
    revision: result.revision,
    keys: [...request.compare.map(({ key }) => key), ...evaluated.changes.map(({ key }) => key)],
    of: [op.id],
  });
}

function checkFinal({ history, replay }: Facts, violations: Violations): void {
  if (!history.final) return;
  const { result } = history.final;
  const { timelines } = replay;
  const expected = timelines.at(timelines.head).list({ key: "\0", end: "\0" });
  if (result.revision === timelines.head && sameKvs(result.kvs, expected)) return;
  if (isWithoutEndedLeases(result, { expected, head: timelines.head })) return;
  violations.add({
    rule: "final state",
    message: `at the end the store is at revision ${result.revision} and the log at ${timelines.head}; keys that differ: ${differences(result, expected).join(", ")}`,
    revision: Math.min(result.revision, timelines.head),
    keys: differences(result, expected).slice(0, 3),
  });
}

/**
 * Whether the state is the log's but for leases that ended when nobody watched any more: all keys
 * of each are gone, as one revision.
 */
function isWithoutEndedLeases(
  { revision, kvs }: RangeResultText,
  { expected, head }: { readonly expected: RangeResultText["kvs"]; readonly head: number },
): boolean {
  const there = new Set(kvs.map(({ key }) => key));
  const ended = new Set(
    expected.flatMap(({ key, lease }) => (lease !== 0 && !there.has(key) ? [lease] : [])),
  );
  const left = expected.filter(({ lease }) => !ended.has(lease));
  return revision === head + ended.size && sameKvs(kvs, left);
}

function differences(
  { kvs }: Pick<RangeResultText, "kvs">,
  expected: RangeResultText["kvs"],
): readonly string[] {
  const there = new Map(kvs.map((kv) => [kv.key, kv]));
  const wanted = new Map(expected.map((kv) => [kv.key, kv]));
  return Array.from(new Set([...there.keys(), ...wanted.keys()])).filter(
    (key) => !sameKv(there.get(key), wanted.get(key)),
  );
}
