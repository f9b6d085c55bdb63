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
  // A key that changes while the log is read is among the first changes, or newer than both.
  const current = source.index.list(span, 0).filter((row) => row.revision <= revision);
  const changed = await firstChangesAfter(span, revision, source);
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
