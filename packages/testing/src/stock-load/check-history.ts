import type { Attempt, Ledger } from "./ledger.ts";
import type { Snapshot } from "./read-all-pages.ts";
import type { ThingState } from "./thing.ts";
import type { SeenEvent, Segment } from "./watcher.ts";

/** What was seen of a run. */
export interface LoadHistory {
  readonly ledger: Ledger;
  readonly segments: readonly Segment[];
  readonly snapshots: readonly Snapshot[];
  /** The list at the end, when nobody wrote any more. */
  readonly final: Snapshot;
  /** What each watching client then believed. */
  readonly beliefs: readonly ReadonlyMap<string, ThingState>[];
}

/** What is wrong with a history, as sentences; none where all promises were kept. */
export function checkHistory(history: LoadHistory): readonly string[] {
  const events = collectEvents(history.segments);
  return [
    ...checkOrder(history.ledger.attempts),
    ...checkAgreement(history.segments, events),
    ...checkComplete(history, events),
    ...checkOrigin(history.ledger.attempts, events),
    ...history.snapshots.flatMap((snapshot) => checkSnapshot(snapshot, history, events)),
    ...checkFinal(history),
    ...checkBeliefs(history),
  ];
}

type Events = ReadonlyMap<number, SeenEvent>;

/** Every event that anybody saw, by revision. */
function collectEvents(segments: readonly Segment[]): Events {
  const events = new Map<number, SeenEvent>();
  for (const segment of segments) {
    for (const event of segment.events) events.set(event.revision, event);
  }
  return new Map([...events].toSorted(([a], [b]) => a - b));
}

/** Revisions of acknowledged writes are unique, and higher than all that was acknowledged before they began. */
function checkOrder(attempts: readonly Attempt[]): readonly string[] {
  const faults: string[] = [];
  const puts = attempts.filter(({ revision }) => revision !== undefined);
  const byEnd = puts.toSorted((a, b) => a.endedMs - b.endedMs);
  const seen = new Set<number>();
  let ended = 0;
  let highest = 0;
  for (const { key, write, revision = 0, startedMs } of puts.toSorted(
    (a, b) => a.startedMs - b.startedMs,
  )) {
    for (let next = byEnd[ended]; next && next.endedMs < startedMs; next = byEnd[++ended]) {
      highest = Math.max(highest, next.revision ?? 0);
    }
    if (revision <= highest) {
      faults.push(
        `${write} of ${key} has revision ${revision}, though ${highest} was acknowledged before`,
      );
    }
    if (seen.has(revision)) faults.push(`Revision ${revision} was given to two writes`);
    seen.add(revision);
  }
  return faults;
}

/** Whoever saw a revision saw the same. */
function checkAgreement(segments: readonly Segment[], events: Events): readonly string[] {
  return segments.flatMap((segment) =>
    segment.events
      .filter((event) => !isSameEvent(event, events.get(event.revision)))
      .map((event) => `Two watches disagree about revision ${event.revision} (${event.key})`),
  );
}

/** Nothing that happened within a segment is missing from it. */
function checkComplete({ segments, ledger }: LoadHistory, events: Events): readonly string[] {
  const happened = new Map<number, string>();
  for (const { revision, key } of events.values()) happened.set(revision, key);
  for (const { revision, key } of ledger.attempts) {
    if (revision !== undefined) happened.set(revision, key);
  }
  return segments.flatMap(({ from, to, events: seen }) => {
    const revisions = new Set(seen.map(({ revision }) => revision));
    return [...happened]
      .filter(([revision]) => revision > from && revision <= to && !revisions.has(revision))
      .map(([revision, key]) => `A watch of ${from} to ${to} missed revision ${revision} (${key})`);
  });
}

/** Every event comes from a write that was acknowledged, at its revision, or whose outcome is unknown. */
function checkOrigin(attempts: readonly Attempt[], events: Events): readonly string[] {
  const puts = new Map(
    attempts.filter(({ kind }) => kind === "put").map((put) => [put.write, put]),
  );
  const deletes = new Map<string, number>();
  for (const { key, kind, outcome } of attempts) {
    if (kind === "delete" && outcome !== "refused") deletes.set(key, (deletes.get(key) ?? 0) + 1);
  }
  const faults: string[] = [];
  for (const { key, write, revision, isDelete } of events.values()) {
    if (isDelete) {
      const left = (deletes.get(key) ?? 0) - 1;
      deletes.set(key, left);
      if (left < 0) faults.push(`${key} was deleted at ${revision}, and nobody deleted it`);
      continue;
    }
    const put = puts.get(write);
    const isRight =
      put?.key === key &&
      (put.outcome === "unknown" || (put.outcome === "acknowledged" && put.revision === revision));
    if (!isRight) faults.push(`${key} became ${write} at ${revision}, which nobody wrote there`);
  }
  return faults;
}

/** A list holds each key as it was at the list's revision, as far as watches saw all up to there. */
function checkSnapshot(
  { revision, items }: Snapshot,
  { segments }: LoadHistory,
  events: Events,
): readonly string[] {
  const isCovered = (from: number): boolean =>
    segments.some((segment) => segment.from <= from && segment.to >= revision);
  const newest = new Map<string, SeenEvent>();
  for (const event of events.values()) if (event.revision <= revision) newest.set(event.key, event);
  const held = new Map(items.map((item) => [item.name, item]));
  const faults: string[] = [];
  for (const [key, event] of newest) {
    const item = held.get(key);
    const isSame = event.isDelete
      ? !item
      : item?.revision === event.revision && item.write === event.write;
    if (!isSame && isCovered(event.revision)) {
      const told = item ? `${item.write}@${item.revision}` : "absent";
      const is = event.isDelete ? "absent" : `${event.write}@${event.revision}`;
      faults.push(`The list at ${revision} has ${key} as ${told}, and it is ${is}`);
    }
  }
  return faults;
}

/** At the end, each key holds what was acknowledged last, or what may have come after. */
function checkFinal({ ledger, final }: LoadHistory): readonly string[] {
  const held = new Map(final.items.map(({ name, write }) => [name, write]));
  const faults: string[] = [];
  for (const key of ledger.keys) {
    const content = held.get(key) ?? "absent";
    const possible = ledger.possible(key);
    if (!possible.has(content)) {
      faults.push(`${key} is ${content} at the end, and may only be ${[...possible].join(" or ")}`);
    }
  }
  return faults;
}

/** Each client that watched believes what is so. */
function checkBeliefs({ final, beliefs }: LoadHistory): readonly string[] {
  const faults: string[] = [];
  for (const belief of beliefs) {
    const wrong = final.items.filter(
      ({ name, revision }) => belief.get(name)?.revision !== revision,
    );
    for (const { name } of wrong) faults.push(`A client that watched is wrong about ${name}`);
    if (belief.size !== final.items.length) {
      faults.push(
        `A client that watched believes in ${belief.size} of ${final.items.length} objects`,
      );
    }
  }
  return faults;
}

function isSameEvent(left: SeenEvent, right: SeenEvent | undefined): boolean {
  return left.key === right?.key && left.isDelete === right.isDelete && left.write === right.write;
}
