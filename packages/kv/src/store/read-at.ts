import type { KeyIndex } from "./key-index.ts";
import { isInSpan, keySpanOf, type KeySpan, type KeyText } from "./key-text.ts";
import type { RangeRequest, Revision } from "./mvcc-store.ts";
import type { LogChange, MaybePromise, RevisionLog } from "./revision-log.ts";
import { selectRows, type RangeSelection } from "./select-range.ts";

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
  const past = await pastRows(changed, source.log);
  if (!past) return undefined;
  const rows = [...kept, ...past].sort((a, b) => (a.key < b.key ? -1 : 1));
  return selectRows(rows, request);
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

async function pastRows(
  changed: readonly LogChange[],
  log: RevisionLog,
): Promise<readonly LogChange[] | undefined> {
  const existed = changed.filter((row) => row.previousRevision > 0);
  const inMemory = existed.map((row) => row.previous);
  const missing = existed.filter((row) => !row.previous);
  if (missing.length === 0) return inMemory.filter((row) => row !== undefined);
  const read = await log.rows(
    missing.map((row) => ({ revision: row.previousRevision, sub: row.previousSub })),
  );
  const found = [...inMemory, ...read].filter((row) => row !== undefined);
  return found.length === existed.length ? found : undefined;
}
