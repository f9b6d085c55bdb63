import { revisionOf } from "../model/effects.ts";
import { GreatestBefore, LeastAfter, type Mark } from "../model/witness.ts";
import type { History, Op } from "../record/history.ts";
import type { Replay } from "./replay.ts";

/** What was known when: derived once, asked by all checks. */
export interface Facts {
  readonly history: History;
  readonly replay: Replay;
  /** The newest revision that an answer had told by a time. */
  readonly told: GreatestBefore;
  /** The same, of one process. */
  toldTo(process: string): GreatestBefore;
  /** The oldest revision whose write was not even asked for at a time. */
  readonly stillToCome: LeastAfter;
  /** The highest compaction that was asked for by a time, and that was done by a time. */
  readonly compactAsked: GreatestBefore;
  readonly compactDone: GreatestBefore;
  compactDoneBy(process: string): GreatestBefore;
}

/** Derives the facts of a replayed history. */
export function gatherFacts(history: History, replay: Replay): Facts {
  const { ops, setting } = history;
  const answered = ops.filter((op) => revisionOf(op) !== undefined);
  const toldBy = (some: readonly Op[]): GreatestBefore => new GreatestBefore(some.map(toldMark));
  const compacts = ops.filter(({ request }) => request.do === "compact");
  const done = compacts.filter(({ outcome }) => outcome.is === "done");
  const doneBy = (some: readonly Op[]): GreatestBefore =>
    new GreatestBefore(some.map((op) => compactMark(op, op.returnedUs)));
  const told = toldBy(answered);
  const compactDone = doneBy(done);
  // One store for all: what one was told, the others must not fall behind.
  const toldIn = setting.isShared ? split(answered, toldBy) : undefined;
  const doneIn = setting.isShared ? split(done, doneBy) : undefined;
  return {
    history,
    replay,
    told,
    toldTo: (process) => (toldIn ? (toldIn.get(process) ?? nothing) : told),
    stillToCome: new LeastAfter(
      Array.from(replay.writers, ([value, op]) => ({ atUs: op.calledUs, value, id: op.id })),
    ),
    compactAsked: new GreatestBefore(
      compacts.filter(mayHaveEffect).map((op) => compactMark(op, op.calledUs)),
    ),
    compactDone,
    compactDoneBy: (process) => (doneIn ? (doneIn.get(process) ?? nothing) : compactDone),
  };
}

const nothing: GreatestBefore = new GreatestBefore([]);

function mayHaveEffect({ outcome }: Op): boolean {
  return outcome.is === "done" || outcome.is === "unknown" || outcome.is === "refused";
}

function toldMark(op: Op): Mark {
  return { atUs: op.returnedUs, value: revisionOf(op) ?? 0, id: op.id };
}

function compactMark(op: Op, atUs: number): Mark {
  const value = op.request.do === "compact" ? op.request.revision : 0;
  return { atUs, value, id: op.id };
}

function split(
  ops: readonly Op[],
  gather: (some: readonly Op[]) => GreatestBefore,
): ReadonlyMap<string, GreatestBefore> {
  return new Map(
    Array.from(
      Map.groupBy(ops, ({ process }) => process),
      ([process, some]) => [process, gather(some)],
    ),
  );
}
