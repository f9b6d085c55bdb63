import { keyOf } from "../store/key-text.ts";
import { UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type { LogChange, LogSnapshot } from "../store/revision-log.ts";
import { readError } from "./mysql-error.ts";
import { bytesLiteral, changeOf } from "./mysql-rows.ts";
import { metaColumns, metaOf, type MetaRow } from "./mysql-schema.ts";
import { MysqlSession } from "./mysql-session.ts";
import { sessionSetUp, type MysqlServer } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/** Keys of `kv_current` read at once. */
const keysPerPage = 5000;

const pageTimeoutMs = 30_000;

/** A snapshot, and what it says of the log. */
export interface MysqlSnapshot {
  readonly snapshot: LogSnapshot;
  readonly meta: MetaRow;
  readonly clusterId: string;
}

/**
 * Begins a transaction of its own that sees one state of the database.
 * @throws {MysqlError}
 * @throws {UnavailableError} The log is damaged.
 */
export async function openSnapshot(
  target: MysqlTarget,
  { flavor }: MysqlServer,
): Promise<MysqlSnapshot> {
  const session = await MysqlSession.open(target, sessionSetUp(flavor));
  try {
    const [, , rows, ids = []] = await session.run(
      [
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`,
        "SELECT cluster_id, (SELECT MAX(revision) FROM kv_log) FROM kv_meta WHERE one = 1",
      ],
      pageTimeoutMs,
    );
    const meta = metaOf(rows);
    checkLog(meta, Number(ids[0]?.[1] ?? 1));
    const { revision, compacted } = meta;
    const snapshot: LogSnapshot = {
      head: { revision, compacted },
      liveKeys: () => liveKeys(session),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
    return { snapshot, meta, clusterId: String(ids[0]?.[0]) };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

async function* liveKeys(session: MysqlSession): AsyncGenerator<readonly LogChange[]> {
  for (let after: Buffer = Buffer.alloc(0); ;) {
    const page = await currentPage(session, after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < keysPerPage) return;
    after = keyOf(last.key);
  }
}

/** The log ends with the head: its changes, deletions too, stay through every compaction. */
function checkLog({ revision, compacted }: MetaRow, last: Revision): void {
  if (last === revision || (last < revision && compacted === revision)) return;
  throw new UnavailableError(
    `Cannot use the database as it is damaged: its head is revision ${revision}, and its log ends at ${last}`,
  );
}

async function currentPage(session: MysqlSession, after: Buffer): Promise<readonly LogChange[]> {
  const sql = `SELECT revision, sub, name, 0, create_revision, 0, 0, version, lease FROM kv_current
    WHERE name > ${bytesLiteral(after)} ORDER BY name LIMIT ${keysPerPage}`;
  try {
    const [rows = []] = await session.run([sql], pageTimeoutMs);
    return rows.map(changeOf);
  } catch (error) {
    throw readError(error);
  }
}
