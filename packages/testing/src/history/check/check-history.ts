import { readLeases } from "../model/lease-book.ts";
import { isOfEverything } from "../model/seen-log.ts";
import type { History } from "../record/history.ts";
import { checkAnswers } from "./check-answers.ts";
import { checkCompaction } from "./check-compaction.ts";
import { checkLeases } from "./check-leases.ts";
import { checkOrder } from "./check-order.ts";
import { checkWatches, type WatchFigures } from "./check-watches.ts";
import { claimDeletions } from "./claim-deletions.ts";
import { gatherFacts } from "./facts.ts";
import { type Replay, replayLog } from "./replay.ts";
import { type Violation, Violations } from "./violation.ts";

/** What the check of a history came to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** All that were found; only the first ones are kept. */
  readonly count: number;
  readonly replay: Replay;
  readonly watches: WatchFigures;
  /** Leases that ended by themselves. */
  readonly leaseEnds: number;
}

/** Proves that a history keeps the promises of the store, or tells what breaks them. */
export function checkHistory(history: History): Verdict {
  const violations = new Violations();
  if (!history.streams.some(isOfEverything)) {
    const message = "no watch of everything was recorded, by which to find what had no answer";
    violations.add({ rule: "incomplete history", message });
  }
  const replay = replayLog(history, violations);
  const leases = readLeases(history);
  const ends = claimDeletions(gatherFacts(history, replay), leases, violations);
  // Again, for now those writers are known.
  const facts = gatherFacts(history, replay);
  checkOrder(facts, violations);
  checkAnswers(facts, violations);
  checkCompaction(facts, violations);
  checkLeases(facts, { leases, ends, violations });
  const watches = checkWatches(facts, violations);
  const { all, count } = violations;
  return { violations: all, count, replay, watches, leaseEnds: ends.length };
}
