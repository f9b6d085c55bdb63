import type { KeyIndex } from "./key-index.ts";
import { isInSpan, keySpanOf, type KeySpan, type KeyText } from "./key-text.ts";
import type { RangeRequest, Revision } from "./mvcc-store.ts";
import type { LogChange, LogPosition, MaybePromise, RevisionLog } from "./revision-log.ts";
import { readInSlices } from "./row-values.ts";
import { hasFilters, selectRows, type RangeSelection } from "./select-range.ts";

/** Where history is read from. */
export interface HistorySource {
  readonly index: KeyIndex;
  readonly log: RevisionLog;
  /** The changes from a revision on, if they are all in memory. */
  recent(from: Revision): readonly LogChange[] | undefined;
}

/**
 * Selects what a range held at an older revision: live rows not younger than it, and for each
 * key that changed since, the row that its first later change names as previous. `undefined` where
 * compaction took a row away meanwhile: the caller looks at `compacted` again.
 */
export async function selectAt(
  request: RangeRequest & { readonly revision: Revision },
  source: HistorySource,
): Promise<RangeSelection | undefined> {
  const span = keySpanOf(request);
  const { revision } = request;
  const known = firstChangesAfter(span, revision, source);
  // Nothing has happened since they were read, so that nothing of the index but the page is needed.
  if (!(known instanceof Promise) && !hasFilters(request) && (request.limit || request.countOnly)) {
    return selectPageAt(request, known, source);
  }
  // A key that changes while the log is read is among the first changes, or newer than both.
  const current = source.index.list(span, 0).filter((row) => row.revision <= revision);
  const changed = await known;
  const changedKeys = new Set(changed.map((row) => row.key));
  const kept = current.filter((row) => !changedKeys.has(row.key));
  const then = [...kept, ...changed.filter((row) => row.previousRevision > 0)].sort(byKey);
  if (request.countOnly) return { rows: [], count: then.length, more: false };
  // Rows of then that are no longer current have to be read, so only as many as will be shown.
  const limit = hasFilters(request) || !request.limit ? then.length : request.limit;
  const rows = await rowsThen(then.slice(0, limit), changedKeys, source.log);
  if (!rows || limit === then.length) return rows && selectRows(rows, request);
  return { rows, count: then.length, more: limit < then.length };
}

/** The first keys of a range as it was, and their count: costs the page and what has changed since. */
async function selectPageAt(
  request: RangeRequest,
  changed: readonly LogChange[],
  { index, log }: HistorySource,
): Promise<RangeSelection | undefined> {
  const span = keySpanOf(request);
  const changedKeys = new Set(changed.map((row) => row.key));
  const before = changed.filter((row) => row.previousRevision > 0);
  const liveNow = changed.filter((row) => index.get(row.key)).length;
  const count = index.count(span) - liveNow + before.length;
  const limit = request.limit ?? 0;
  if (request.countOnly) return { rows: [], count, more: false };
  // At most so many of them have changed since.
  const live = index.list(span, limit + liveNow).filter((row) => !changedKeys.has(row.key));
  const page = [...live.slice(0, limit), ...before].sort(byKey).slice(0, limit);
  const rows = await rowsThen(page, changedKeys, log);
  return rows && { rows, count, more: limit < count };
}

function byKey(a: LogChange, b: LogChange): number {
  return a.key < b.key ? -1 : 1;
}

function firstChangesAfter(
  span: KeySpan,
  revision: Revision,
  source: HistorySource,
): MaybePromise<readonly LogChange[]> {
  const changes = source.recent(revision + 1);
  if (!changes) return source.log.firstChangesAfter(span, revision);
  const first = new Map<KeyText, LogChange>();
  for (const change of changes) {
    if (isInSpan(change.key, span) && !first.has(change.key)) first.set(change.key, change);
  }
  return [...first.values()];
}

/** Replaces the first later changes among rows by the rows that they name as previous. */
async function rowsThen(
  rows: readonly LogChange[],
  changedKeys: ReadonlySet<KeyText>,
  log: RevisionLog,
): Promise<readonly LogChange[] | undefined> {
  const then = rows.map((row) => (changedKeys.has(row.key) ? row.previous : row));
  const missing = rows.filter((_, i) => !then[i]);
  if (missing.length === 0) return then.filter((row) => row !== undefined);
  const read = await readInSlices(missing.map(previousOf), log);
  const found = read[Symbol.iterator]();
  const all = then.map((row) => row ?? found.next().value);
  return all.every((row) => row !== undefined) ? all : undefined;
}

function previousOf(row: LogChange): LogPosition {
  return { revision: row.previousRevision, sub: row.previousSub };
}
