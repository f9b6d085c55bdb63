import { UnavailableError } from "../store/kv-error.ts";
import { maxLeaseSeconds } from "../store/lease-book.ts";
import { databaseNowMs } from "./lease-sql.ts";
import { MysqlError } from "./mysql-error.ts";
import type { MysqlSession, SqlRow } from "./mysql-session.ts";

/** The schema that this version reads and writes. */
export const schemaVersion = 2;

/** How long a statement that makes tables may take, in milliseconds. */
const timeoutMs = 60_000;

/** How long an upgrade may take. */
const upgradeTimeoutMs = 600_000;

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

/**
 * Since schema 2. Expiry is in the time of `kv_lease_care`: the database's, in milliseconds since
 * 1970, less the time in which nobody looked after the leases.
 */
const leaseTables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS kv_lease (
    id BIGINT NOT NULL PRIMARY KEY,
    ttl BIGINT NOT NULL,
    expiry BIGINT NOT NULL,
    KEY kv_lease_expiry (expiry))`,
  `CREATE TABLE IF NOT EXISTS kv_lease_key (
    lease BIGINT NOT NULL,
    name VARBINARY(1024) NOT NULL,
    PRIMARY KEY (lease, name))`,
  `CREATE TABLE IF NOT EXISTS kv_lease_care (
    one TINYINT NOT NULL PRIMARY KEY,
    looked BIGINT NOT NULL,
    paused BIGINT NOT NULL)`,
];

const firstCare = `INSERT IGNORE INTO kv_lease_care VALUES (1, ${databaseNowMs}, 0)`;

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
    for (const table of [...tables, ...leaseTables]) await session.run([table], timeoutMs);
    await checkEngine(session);
    await session.run(
      [
        firstCare,
        `INSERT IGNORE INTO kv_meta VALUES (1, ${schemaVersion}, '${newClusterId}', 1, 1, 0, 0)`,
        "INSERT IGNORE INTO kv_compaction VALUES (1, 2)",
      ],
      timeoutMs,
    );
  } else if (version === 1) {
    await addLeases(session);
  } else if (version > schemaVersion) {
    throw new UnavailableError(
      `Cannot use the database as its schema is ${version}, and this version knows only up to ${schemaVersion}`,
    );
  }
}

/**
 * From schema 1 to 2. Keys were put there with numbers that were no leases; those become leases that
 * last as long as any can, for nobody knows how long they were meant to.
 */
async function addLeases(session: MysqlSession): Promise<void> {
  for (const table of leaseTables) await session.run([table], timeoutMs);
  const [, rows = []] = await session.run(
    ["BEGIN", "SELECT schema_version FROM kv_meta WHERE one = 1 FOR UPDATE"],
    timeoutMs,
  );
  const isStillOld = Number(rows[0]?.[0]) === 1;
  await session.run(isStillOld ? [...upgradeStatements, "COMMIT"] : ["ROLLBACK"], upgradeTimeoutMs);
}

const upgradeStatements: readonly string[] = [
  firstCare,
  `INSERT IGNORE INTO kv_lease
    SELECT DISTINCT lease, ${maxLeaseSeconds}, ${databaseNowMs} + ${maxLeaseSeconds * 1000} FROM kv_current WHERE lease <> 0`,
  "INSERT IGNORE INTO kv_lease_key SELECT lease, name FROM kv_current WHERE lease <> 0",
  // From now on the time of a writer's last sign of life.
  `UPDATE kv_writer SET marks = GREATEST(marks, ${databaseNowMs})`,
  "UPDATE kv_meta SET schema_version = 2 WHERE one = 1",
];

/** Whether there is a store in the database. @throws {MysqlError} */
export async function hasStore(session: MysqlSession): Promise<boolean> {
  return (await readVersion(session)) !== undefined;
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
