import type { LogPosition } from "../store/revision-log.ts";
import { atPositions } from "./mysql-rows.ts";
import type { SqlRow } from "./mysql-session.ts";
import type { MysqlSessions } from "./mysql-sessions.ts";

/** Revisions looked at in one step. */
const revisionsPerStep = 1000;

const timeoutMs = 10_000;

/**
 * Removes what the next window of revisions has made unreachable: rows that a change below
 * `compacted` has replaced, and deletions below it. Several processes may do the same step: it
 * comes to the same, and the position moves once.
 */
export async function compactStep(sessions: MysqlSessions): Promise<"done" | "more"> {
  const [[row] = []] = await sessions.read(
    [
      `SELECT c.position, m.compacted,
         (SELECT MIN(revision) FROM kv_log WHERE revision >= c.position)
       FROM kv_compaction c, kv_meta m`,
    ],
    timeoutMs,
  );
  const [position, compacted, next] = (row ?? []).map(Number);
  if (position === undefined || compacted === undefined || position >= compacted) return "done";
  // Revisions that a loss has skipped are no work.
  const from = Math.max(position, Math.min(next || compacted, compacted));
  const to = Math.min(compacted, from + revisionsPerStep);
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
  await sessions.read(["BEGIN", ...removals, advance, "COMMIT"], timeoutMs);
  return to < compacted ? "more" : "done";
}

function unreachableBy(row: SqlRow): readonly LogPosition[] {
  const [revision = 0, sub = 0, kind, previousRevision = 0, previousSub = 0] = row.map(Number);
  const positions: LogPosition[] = [];
  if (previousRevision > 0) positions.push({ revision: previousRevision, sub: previousSub });
  if (kind === 1) positions.push({ revision, sub });
  return positions;
}
