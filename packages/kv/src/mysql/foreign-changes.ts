import { CompactedError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import { BehindError, type LogChange } from "../store/revision-log.ts";
import { changeColumns, numberLiteral } from "./mysql-rows.ts";
import type { MetaRow } from "./mysql-schema.ts";

/** How much of what others committed may be read under the lock. */
const maxForeignChanges = 500;
const maxForeignBytes = 8 * 1024 * 1024;

/** What others committed; nothing where that is more than may be read under the lock. */
export function foreignSql(after: Revision): string {
  const from = `FROM kv_log WHERE revision > ${numberLiteral(after)}`;
  const page = `ORDER BY revision, sub LIMIT ${maxForeignChanges + 1}`;
  return `SELECT ${changeColumns}, value ${from} AND
    (SELECT COALESCE(SUM(LENGTH(value)), 0) FROM (SELECT value ${from} ${page}) page) <= ${maxForeignBytes} ${page}`;
}

/** @throws {BehindError} There is more than has been read. */
export function checkNotBehind(
  foreign: readonly LogChange[],
  after: Revision,
  { revision, compacted }: MetaRow,
): void {
  if (after >= revision || after + 1 < compacted) return;
  if (foreign.length > 0 && foreign.length <= maxForeignChanges) return;
  throw new BehindError(`revisions after ${after} are to be read first, up to ${revision}`);
}

/**
 * Checks that changes go on from a revision to the head without a gap.
 * @throws {CompactedError} Compaction has passed the revision.
 * @throws {UnavailableError}
 */
export function checkGapless(
  changes: readonly LogChange[],
  after: Revision,
  { revision, compacted }: Pick<MetaRow, "revision" | "compacted">,
): void {
  if (after + 1 < compacted && after < revision) throw new CompactedError(after + 1, compacted);
  let last = after;
  for (const change of changes) {
    if (change.revision > last + 1) break;
    last = change.revision;
  }
  if (last === revision) return;
  throw new UnavailableError(
    `Cannot use the database as its log has a gap after revision ${last}: its head is ${revision}`,
  );
}
