import type { Verdict } from "../check/check-history.ts";
import type { History } from "../record/history.ts";
import { formatAccount } from "./format-account.ts";

const mostTold = 5;

/** The figures of a run: operations by kind and outcome, revisions, watches, faults. */
export function formatFigures(history: History, verdict: Verdict): string {
  const byLabel = Map.groupBy(history.ops, ({ label }) => label);
  const lines = Array.from(byLabel)
    .sort((a, b) => b[1].length - a[1].length)
    .map(([label, ops]) => {
      const outcomes = Map.groupBy(ops, ({ outcome }) =>
        outcome.is === "txn" || outcome.is === "range" || outcome.is === "revision"
          ? "done"
          : outcome.is,
      );
      const counts = Array.from(outcomes, ([is, some]) => `${is} ${some.length}`);
      return `  ${label.padEnd(16)}${String(ops.length).padStart(8)}  ${counts.join(", ")}`;
    });
  const { watches, replay, leaseEnds } = verdict;
  const unanswered = history.ops.filter(({ outcome }) => outcome.is === "unknown");
  const written = unanswered.filter((op) => replay.revisionOf.has(op)).length;
  return [
    `${history.ops.length} operations, ${replay.timelines.head - 1} revisions, ${watches.streams} watches with ${watches.events} events and ${watches.progress} notices of progress, ${leaseEnds} leases ended by themselves`,
    ...lines,
    `  ${unanswered.length} had no answer; at least ${written} of them took effect`,
  ].join("\n");
}

/** The first violations, each with its account; nothing where there are none. */
export function formatViolations(history: History, { violations, count, replay }: Verdict): string {
  if (count === 0) return "";
  const told = violations
    .slice(0, mostTold)
    .map((violation) => formatAccount(violation, history, replay));
  return [`${count} violations; the first:`, ...told].join("\n\n");
}
