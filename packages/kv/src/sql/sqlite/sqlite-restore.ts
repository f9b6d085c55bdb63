import { randomBytes } from "node:crypto";
import { dirname, resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { KvError } from "../../store/kv-error.ts";
import {
  RestoredPlaces,
  type RestoreOptions,
  type RestoreOutcome,
  type StoreImage,
} from "../../store/store-image.ts";
import { TargetNotEmptyError } from "../../store/target-not-empty-error.ts";
import { lockDirectory } from "./directory-lock.ts";
import { errorOfFailure, failureOf, openError } from "./sqlite-error.ts";
import { prepareSchema, subBits } from "./sqlite-schema.ts";

/** Where to restore to. */
export interface SqliteRestoreOptions extends RestoreOptions {
  /** The database file; made where it is missing. */
  readonly path: string;
  /** The file may not grow beyond. */
  readonly maxFileBytes?: number;
}

/**
 * Puts an image in the place of what a SQLite file holds, in one transaction: whoever kills this
 * process finds the old content.
 *
 * @throws {LockedError} A process has the store open.
 * @throws {TargetNotEmptyError} It holds something, and is not to be replaced.
 * @throws {NoSpaceError | UnavailableError} Nothing was changed; also what reading the image throws.
 */
export async function restoreSqlite(
  image: StoreImage,
  options: SqliteRestoreOptions,
): Promise<RestoreOutcome> {
  const path = resolve(options.path);
  using _ = lockDirectory(dirname(path));
  const database = openDatabase(path, image.header.clusterId, options.maxFileBytes ?? 0);
  try {
    database.exec("BEGIN IMMEDIATE");
    const outcome = await replaceAll(database, image, options);
    database.exec("COMMIT");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return outcome;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    if (error instanceof KvError || !isSqliteError(error)) throw error;
    throw errorOfFailure(failureOf(error, "in-commit"));
  } finally {
    database.close();
  }
}

function openDatabase(path: string, clusterId: string, maxFileBytes: number): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: 5000 });
    prepareSchema(database, clusterId || randomBytes(8).toString("hex"));
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    if (maxFileBytes > 0) {
      const page = Number(Object.values(database.prepare("PRAGMA page_size").get() ?? {})[0]);
      database.exec(`PRAGMA max_page_count = ${Math.ceil(maxFileBytes / page)}`);
    }
    return database;
  } catch (error) {
    throw openError(path, error);
  }
}

async function replaceAll(
  database: DatabaseSync,
  image: StoreImage,
  options: SqliteRestoreOptions,
): Promise<RestoreOutcome> {
  const before = database
    .prepare(
      "SELECT epoch, revision, (SELECT count(*) FROM kv_current) AS keys, cluster_id FROM kv_meta",
    )
    .get();
  const target = { epoch: Number(before?.["epoch"]), revision: Number(before?.["revision"]) };
  const replaced = Number(before?.["keys"]);
  if (options.whenNotEmpty === "refuse" && (replaced > 0 || target.revision > 1)) {
    throw new TargetNotEmptyError(options.path, { keys: replaced, revision: target.revision });
  }
  database.exec("DELETE FROM kv_current; DELETE FROM kv_log");
  const places = new RestoredPlaces(target, image.header, options);
  // The head and its changes, if it has any, are of one batch.
  const token = randomBytes(6).readUIntBE(0, 6);
  const leases = await insertParts(database, image, { places, options, token });
  database
    .prepare(
      `UPDATE kv_meta SET cluster_id = ?1, epoch = ?2, revision = ?3, token = ?4,
         compacted = ?3, compact_position = ?3`,
    )
    .run(
      image.header.clusterId || String(before?.["cluster_id"]),
      places.epoch,
      places.head,
      token,
    );
  const { epoch, keys, head } = places;
  return { epoch, revision: head, keys, leases, from: target.revision, replaced };
}

async function insertParts(
  database: DatabaseSync,
  image: StoreImage,
  into: {
    readonly places: RestoredPlaces;
    readonly options: RestoreOptions;
    readonly token: number;
  },
): Promise<number> {
  const { places, options, token } = into;
  const log = database.prepare(
    `INSERT INTO kv_log VALUES (?1 << ${subBits} | ?2, ?3, 0, ?4, 0, ?5, ?6, ${token}, ?7)`,
  );
  const current = database.prepare(
    `INSERT INTO kv_current VALUES (?3, ?1 << ${subBits} | ?2, ?4, ?5, ?6)`,
  );
  let leases = 0;
  clearLeases(database);
  for await (const part of image.parts) {
    if (part.kind === "leases") {
      const statement = insertLease(database);
      for (const { id, ttlSeconds } of part.leases) statement.run(id, ttlSeconds);
      leases += part.leases.length;
      continue;
    }
    for (const kv of part.kvs) {
      const { key, value, createRevision, version, lease } = kv;
      const { revision, sub } = places.next(kv);
      log.run(revision, sub, key, createRevision, version, lease, value);
      current.run(revision, sub, key, createRevision, version, lease);
    }
    options.onProgress?.(places.keys);
    // The transaction stays open; the process may tell how far it is.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return leases;
}

function clearLeases(database: DatabaseSync): void {
  database.exec("DELETE FROM kv_lease");
}

function insertLease(database: DatabaseSync): StatementSync {
  return database.prepare("INSERT INTO kv_lease VALUES (?, ?)");
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && "errcode" in error;
}
