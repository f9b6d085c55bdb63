import { isInSpan, type KeySpan } from "../store/key-text.ts";
import type { Revision, WatchEvent, WatchRequest } from "../store/mvcc-store.ts";
import type { LogChange, LogPosition, MaybePromise, RevisionLog } from "../store/revision-log.ts";
import { keyValueOf } from "../store/row-values.ts";

/** For changes whose previous row is not in memory: that row. */
export type PreviousRows = ReadonlyMap<LogChange, LogChange>;

/** Makes the events of a page of changes; watchers of the page share them. */
export class WatchEvents {
  readonly #previous: PreviousRows;
  readonly #plain = new Map<LogChange, WatchEvent>();
  readonly #withPrevious = new Map<LogChange, WatchEvent>();

  constructor(previous: PreviousRows) {
    this.#previous = previous;
  }

  /** The event of a change. */
  of(change: LogChange, withPrevious: boolean): WatchEvent {
    const made = withPrevious ? this.#withPrevious : this.#plain;
    let event = made.get(change);
    if (!event) {
      event = withPrevious ? this.#full(change) : plainEvent(change);
      made.set(change, event);
    }
    return event;
  }

  #full(change: LogChange): WatchEvent {
    const plain = plainEvent(change);
    if (change.previousRevision === 0) return plain;
    const row = change.previous?.value ? change.previous : this.#previous.get(change);
    if (!row?.value) throw new Error(`The previous value of revision ${change.revision} is gone`);
    return { kind: plain.kind, kv: plain.kv, previous: keyValueOf(row, row.value) };
  }
}

/** Which changes a watch wants. */
export interface Wish {
  readonly span: KeySpan;
  readonly request: WatchRequest;
  /** The first revision wanted. */
  readonly from: Revision;
}

/** The events that a watch wants of changes, which are whole revisions. */
export function selectEvents(
  changes: readonly LogChange[],
  { span, request, from }: Wish,
  events: WatchEvents,
): WatchEvent[] {
  const { noPut, noDelete, previous } = request;
  const selected: WatchEvent[] = [];
  for (const change of changes) {
    if (change.revision < from || !isInSpan(change.key, span)) continue;
    if (change.kind === "put" ? noPut : noDelete) continue;
    selected.push(events.of(change, previous === true));
  }
  return selected;
}

function plainEvent(change: LogChange): WatchEvent {
  if (!change.value) throw new Error(`The value of revision ${change.revision} is gone`);
  return { kind: change.kind, kv: keyValueOf(change, change.value) };
}

const nothing: PreviousRows = new Map();

/** Reads the previous rows of changes, where they are not in memory. */
export function loadPrevious(
  changes: readonly LogChange[],
  log: RevisionLog,
): MaybePromise<PreviousRows> {
  const missing = changes.filter(
    (change) => change.previousRevision > 0 && change.previous?.value === undefined,
  );
  if (missing.length === 0) return nothing;
  const positions = missing.map(previousPosition);
  const rows = log.rows(positions);
  return rows instanceof Promise ? rows.then((found) => pair(missing, found)) : pair(missing, rows);
}

function previousPosition(change: LogChange): LogPosition {
  return { revision: change.previousRevision, sub: change.previousSub };
}

function pair(
  changes: readonly LogChange[],
  rows: readonly (LogChange | undefined)[],
): PreviousRows {
  const pairs = new Map<LogChange, LogChange>();
  for (const [i, change] of changes.entries()) {
    const row = rows[i];
    if (row) pairs.set(change, row);
  }
  return pairs;
}
