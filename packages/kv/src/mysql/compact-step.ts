import type { CompactStep, LogPosition } from "../store/revision-log.ts";
import { MysqlError, verdictOf } from "./mysql-error.ts";
import { atPositions } from "./mysql-rows.ts";
import type { SqlRow } from "./mysql-session.ts";
import type { MysqlSessions } from "./mysql-sessions.ts";

/** Revisions looked at in one step, and rows, which a revision may have many of. */
const revisionsPerStep = 1000;
const rowsPerStep = 2000;

const timeoutMs = 10_000;

/**
 * Claims the work: the row's lock, which goes with the session of whoever dies over it. Read again
 * by a statement after it, for OceanBase's locking read may tell an older row.
 */
const claim: readonly string[] = [
  "BEGIN",
  "SELECT position FROM kv_compaction WHERE one = 1 FOR UPDATE NOWAIT",
  `SELECT c.position, m.compacted,
     (SELECT MIN(revision) FROM kv_log WHERE revision >= c.position)
   FROM kv_compaction c, kv_meta m`,
];

/**
 * Removes what the next window of revisions has made unreachable: rows that a change below
 * `compacted` has replaced, and deletions below it. Where the claim is lost in between, several
 * processes may do the same step: it comes to the same, and the position moves once.
 *
 * @param sessions One session, which is this caller's alone.
 */
export async function compactStep(sessions: MysqlSessions): Promise<CompactStep> {
  const [row] = (await claimStep(sessions)) ?? [];
  if (!row) return "busy";
  const [position, compacted, next] = row.map(Number);
  if (position === undefined || compacted === undefined || position >= compacted) {
    await sessions.read(["ROLLBACK"], timeoutMs);
    return "done";
  }
  // Revisions that a loss has skipped are no work.
  const from = Math.max(position, Math.min(next || compacted, compacted));
  const most = Math.min(compacted, from + revisionsPerStep);
  const [ends = []] = await sessions.read(
    [
      `SELECT revision FROM kv_log WHERE revision >= ${from} AND revision < ${most} ORDER BY revision, sub LIMIT 1 OFFSET ${rowsPerStep}`,
    ],
    timeoutMs,
  );
  // A revision is never done in parts.
  const to = ends[0] ? Math.max(from + 1, Number(ends[0][0])) : most;
  const [changes = []] = await sessions.read(
    [
      `SELECT revision, sub, kind, previous_revision, previous_sub FROM kv_log WHERE revision >= ${from} AND revision < ${to}`,
    ],
    timeoutMs,
  );
  const unreachable = changes.flatMap(unreachableBy);
  const removals =
    unreachable.length > 0 ? [`DELETE FROM kv_log WHERE ${atPositions(unreachable)}`] : [];
  const advance = `UPDATE kv_compaction SET position = ${to} WHERE one = 1 AND position = ${position}`;
  await sessions.read([...removals, advance, "COMMIT"], timeoutMs);
  return to < compacted ? "more" : "done";
}

/** Absent where another process has the claim. */
async function claimStep(sessions: MysqlSessions): Promise<readonly SqlRow[] | undefined> {
  try {
    const [, , rows] = await sessions.once(claim, timeoutMs);
    return rows;
  } catch (error) {
    if (!(error instanceof MysqlError) || verdictOf(error) !== "conflict") throw error;
    await sessions.read(["ROLLBACK"], timeoutMs);
    return undefined;
  }
}

function unreachableBy(row: SqlRow): readonly LogPosition[] {
  const [revision = 0, sub = 0, kind, previousRevision = 0, previousSub = 0] = row.map(Number);
  const positions: LogPosition[] = [];
  if (previousRevision > 0) positions.push({ revision: previousRevision, sub: previousSub });
  if (kind === 1) positions.push({ revision, sub });
  return positions;
}
