import { UnavailableError } from "../store/kv-error.ts";
import { MysqlError } from "./mysql-error.ts";
import type { MysqlSession, SqlRow } from "./mysql-session.ts";

/** The schema that this version reads and writes. */
export const schemaVersion = 1;

/** How long a statement that makes tables may take, in milliseconds. */
const timeoutMs = 60_000;

/**
 * Keys are VARBINARY, since a collation would fold or reorder them. No auto-increment: the lock on
 * `kv_meta` orders commits. Engine and charset are left to the server.
 */
const tables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS kv_meta (
    one TINYINT NOT NULL PRIMARY KEY,
    schema_version INT NOT NULL,
    cluster_id CHAR(16) NOT NULL,
    epoch BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    token BIGINT NOT NULL,
    compacted BIGINT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS kv_log (
    revision BIGINT NOT NULL,
    sub INT NOT NULL,
    name VARBINARY(1024) NOT NULL,
    kind TINYINT NOT NULL,
    create_revision BIGINT NOT NULL,
    previous_revision BIGINT NOT NULL,
    previous_sub INT NOT NULL,
    version BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    token BIGINT NOT NULL,
    value LONGBLOB NOT NULL,
    PRIMARY KEY (revision, sub),
    KEY kv_log_name (name, revision))`,
  `CREATE TABLE IF NOT EXISTS kv_current (
    name VARBINARY(1024) NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    sub INT NOT NULL,
    create_revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    lease BIGINT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS kv_writer (
    id BIGINT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    first_revision BIGINT NOT NULL,
    last_revision BIGINT NOT NULL,
    marks BIGINT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS kv_compaction (
    one TINYINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL)`,
];

/** `kv_meta` as it is read everywhere. */
export interface MetaRow {
  readonly revision: number;
  readonly token: number;
  readonly compacted: number;
  readonly epoch: number;
}

/** Columns of `MetaRow`. */
export const metaColumns = "revision, token, compacted, epoch";

/** @throws {UnavailableError} There is no such row. */
export function metaOf(rows: readonly SqlRow[] | undefined): MetaRow {
  const row = rows?.[0];
  if (!row) throw new UnavailableError("Cannot use the database as its kv_meta is empty");
  return {
    revision: Number(row[0]),
    token: Number(row[1]),
    compacted: Number(row[2]),
    epoch: Number(row[3]),
  };
}

/**
 * Makes the tables in an empty database, or checks those of a store.
 * @throws {UnavailableError} They are of a newer schema, or not of a transactional engine.
 * @throws {MysqlError}
 */
export async function prepareSchema(session: MysqlSession, newClusterId: string): Promise<void> {
  const version = await readVersion(session);
  if (version === undefined) {
    for (const table of tables) await session.run([table], timeoutMs);
    await checkEngine(session);
    await session.run(
      [
        `INSERT IGNORE INTO kv_meta VALUES (1, ${schemaVersion}, '${newClusterId}', 1, 1, 0, 0)`,
        "INSERT IGNORE INTO kv_compaction VALUES (1, 2)",
      ],
      timeoutMs,
    );
  } else if (version > schemaVersion) {
    throw new UnavailableError(
      `Cannot use the database as its schema is ${version}, and this version knows only up to ${schemaVersion}`,
    );
  }
}

/** The schema of the store; absent where there is none yet, or the process that made it was killed over it. */
async function readVersion(session: MysqlSession): Promise<number | undefined> {
  const noSuchTable = 1146;
  try {
    const [rows = []] = await session.run(["SELECT schema_version FROM kv_meta"], timeoutMs);
    const version = rows[0]?.[0];
    return version === undefined ? undefined : Number(version);
  } catch (error) {
    if (error instanceof MysqlError && error.errno === noSuchTable) return undefined;
    throw error;
  }
}

async function checkEngine(session: MysqlSession): Promise<void> {
  const [rows = []] = await session.run(
    [
      "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'kv_log'",
    ],
    timeoutMs,
  );
  const engine = String(rows[0]?.[0]);
  if (!/^(myisam|aria|memory|csv|archive)$/i.test(engine)) return;
  throw new UnavailableError(
    `Cannot use the database as its tables have no transactions: their engine is ${engine}; set default_storage_engine=InnoDB and drop the tables kv_*`,
  );
}
