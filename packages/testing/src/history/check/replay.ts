import { evaluateTxn } from "../model/evaluate-txn.ts";
import { valuesOf, writtenAt } from "../model/effects.ts";
import { readSeenLog, type SeenRevision } from "../model/seen-log.ts";
import { type Change, Timelines } from "../model/timelines.ts";
import type { History, Op } from "../record/history.ts";
import type { EventText } from "../record/text.ts";
import { sameKv, sameTxn } from "./same.ts";
import type { Violations } from "./violation.ts";

/** The one order of all writes, as far as it could be told. */
export interface Replay {
  readonly timelines: Timelines;
  /** Who wrote a revision. */
  readonly writers: Map<number, Op>;
  /** The revision of each operation that has changed something. */
  readonly revisionOf: ReadonlyMap<Op, number>;
  /** Revisions of deletions that nobody has claimed. */
  readonly unclaimed: readonly number[];
  readonly seen: ReadonlyMap<number, SeenRevision>;
}

/**
 * Replays the writes in the order of their revisions: those that were acknowledged tell their
 * revision; those without an answer are found by the values that only they write, in what the
 * watches of everything showed. Each must have done what the model says that it does there.
 */
export function replayLog(history: History, violations: Violations): Replay {
  const replaying = new Replaying(history, violations);
  return replaying.run();
}

class Replaying {
  readonly #violations: Violations;
  readonly #seen: ReadonlyMap<number, SeenRevision>;
  readonly #acknowledged = new Map<number, Op>();
  readonly #owners = new Map<string, Op>();
  readonly #revokes: ReadonlyMap<number, readonly Op[]>;
  readonly #timelines = new Timelines();
  readonly #writers = new Map<number, Op>();
  readonly #revisionOf = new Map<Op, number>();
  readonly #unclaimed: number[] = [];

  constructor(history: History, violations: Violations) {
    this.#violations = violations;
    this.#seen = readSeenLog(history);
    for (const op of history.ops) this.#claim(op);
    const revokes = history.ops.filter(
      ({ request, outcome }) => request.do === "revoke" && outcome.is === "revision",
    );
    this.#revokes = Map.groupBy(revokes, ({ outcome }) =>
      outcome.is === "revision" ? outcome.revision : 0,
    );
  }

  run(): Replay {
    let head = 1;
    for (const revision of this.#acknowledged.keys()) head = Math.max(head, revision);
    for (const revision of this.#seen.keys()) head = Math.max(head, revision);
    for (let revision = 2; revision <= head; revision++) this.#replay(revision);
    return {
      timelines: this.#timelines,
      writers: this.#writers,
      revisionOf: this.#revisionOf,
      unclaimed: this.#unclaimed,
      seen: this.#seen,
    };
  }

  #claim(op: Op): void {
    for (const value of valuesOf(op)) this.#owners.set(value, op);
    const revision = writtenAt(op);
    if (revision === undefined) return;
    const other = this.#acknowledged.get(revision);
    if (other) {
      this.#violations.add({
        rule: "revision used twice",
        message: `revision ${revision} was given to ${other.id} and to ${op.id}`,
        revision,
        of: [other.id, op.id],
      });
      return;
    }
    this.#acknowledged.set(revision, op);
    this.#revisionOf.set(op, revision);
  }

  #replay(revision: number): void {
    const op = this.#acknowledged.get(revision);
    const seen = this.#seen.get(revision);
    if (op) this.#replayAcknowledged(op, revision, seen);
    else if (seen) this.#replaySeen(seen, revision);
    else {
      this.#violations.add({
        rule: "gapless log",
        message: `nothing is known to have been written at revision ${revision}`,
        revision,
      });
    }
  }

  #replayAcknowledged(op: Op, revision: number, seen: SeenRevision | undefined): void {
    const changes = this.#evaluate(op, revision);
    if (seen && !showsChanges(seen.events, changes)) {
      this.#violations.add({
        rule: "acknowledged write lost",
        message: `${op.id} was acknowledged at revision ${revision}, where watch ${seen.stream} showed something else: ${tell(seen.events)}`,
        revision,
        keys: keysOf(changes),
        of: [op.id, seen.stream],
      });
    }
    this.#writers.set(revision, op);
    this.#timelines.apply(revision, changes);
  }

  /** What an acknowledged operation changed; it must have answered as the model does. */
  #evaluate(op: Op, revision: number): readonly Change[] {
    const { request, outcome } = op;
    if (request.do !== "txn" || outcome.is !== "txn") return [];
    const { result, changes } = evaluateTxn(request.txn, revision - 1, this.#timelines);
    if (!sameTxn(result, outcome.result) || changes.length === 0) {
      this.#violations.add({
        rule: "answer differs from the log",
        message: `${op.id} wrote revision ${revision} and answered ${JSON.stringify(outcome.result)}; after revision ${revision - 1} it would be ${JSON.stringify(result)}`,
        revision,
        keys: keysOf(changes),
        of: [op.id],
      });
    }
    return changes;
  }

  #replaySeen(seen: SeenRevision, revision: number): void {
    const { events } = seen;
    const shown = changesOf(events, this.#timelines.at(revision - 1));
    const put = events.find(({ kind }) => kind === "put");
    const revoke = put ? undefined : this.#revokes.get(revision)?.[0];
    if (put) this.#own(put.kv.value, { seen, revision, shown });
    else if (revoke) this.#writers.set(revision, revoke);
    else this.#unclaimed.push(revision);
    this.#timelines.apply(revision, shown);
  }

  /** Finds who wrote a value that a watch showed. */
  #own(
    value: string,
    {
      seen,
      revision,
      shown,
    }: {
      readonly seen: SeenRevision;
      readonly revision: number;
      readonly shown: readonly Change[];
    },
  ): void {
    const op = this.#owners.get(value);
    const where = { revision, keys: keysOf(shown), of: [...(op ? [op.id] : []), seen.stream] };
    if (op?.request.do !== "txn") {
      const message = `watch ${seen.stream} showed "${value}" at revision ${revision}, which nobody has written`;
      return this.#violations.add({ rule: "phantom", message, ...where });
    }
    const before = this.#revisionOf.get(op);
    if (before !== undefined) {
      const message = `${op.id} took effect at revision ${before} and again at ${revision}`;
      return this.#violations.add({ rule: "written twice", message, ...where });
    }
    this.#revisionOf.set(op, revision);
    this.#writers.set(revision, op);
    if (op.outcome.is !== "unknown") {
      const message = `${op.id} answered ${JSON.stringify(op.outcome)}, and its value "${value}" is there at revision ${revision}`;
      return this.#violations.add({ rule: "surely not written, yet there", message, ...where });
    }
    const { changes } = evaluateTxn(op.request.txn, revision - 1, this.#timelines);
    if (showsChanges(seen.events, changes)) return;
    const message = `${op.id}, which had no answer, took effect at revision ${revision}, but otherwise than it should: ${tell(seen.events)}`;
    this.#violations.add({ rule: "answer differs from the log", message, ...where });
  }
}

/** Whether events show the changes, all and no others. */
function showsChanges(events: readonly EventText[], changes: readonly Change[]): boolean {
  return (
    events.length === changes.length &&
    changes.every(({ key, kv }, i) => {
      const event = events[i];
      if (!kv) return event?.kind === "delete" && event.kv.key === key;
      return event?.kind === "put" && sameKv(event.kv, kv);
    })
  );
}

/** The changes that events tell of; what was before is taken from the log. */
function changesOf(
  events: readonly EventText[],
  before: ReturnType<Timelines["at"]>,
): readonly Change[] {
  return events.map(({ kind, kv }) => ({
    key: kv.key,
    revision: kv.modRevision,
    kv: kind === "put" ? kv : undefined,
    previous: before.get(kv.key),
  }));
}

function keysOf(changes: readonly Change[]): readonly string[] {
  return changes.map(({ key }) => key);
}

function tell(events: readonly EventText[]): string {
  return events
    .map(({ kind, kv }) => (kind === "put" ? `+${kv.key}=${kv.value}` : `-${kv.key}`))
    .join(" ");
}
