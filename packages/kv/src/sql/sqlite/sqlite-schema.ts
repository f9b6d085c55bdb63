import type { DatabaseSync } from "node:sqlite";
import { UnavailableError } from "../../store/kv-error.ts";

/** Marks a SQLite file as a store of ours: `cell` in ASCII. */
export const applicationId: number = 0x63656c6c;

/** The schema that this version reads and writes. */
export const schemaVersion: number = 1;

/** `id` is revision · 2²⁰ + sub, as `maxChanges` allows; all ids are computed in SQL, since they outgrow a double. */
export const subBits: number = 20;

/**
 * `kv_current` is narrow and WITHOUT ROWID; values are in `kv_log`, an ordinary table, because rows
 * with values in an index b-tree spill to overflow pages. An index on `key` holds the id as well.
 */
const createTables = `
  CREATE TABLE kv_meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    schema INTEGER NOT NULL,
    cluster_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    token INTEGER NOT NULL,
    compacted INTEGER NOT NULL,
    compact_position INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE kv_log (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    kind INTEGER NOT NULL,
    create_revision INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    token INTEGER NOT NULL,
    value BLOB NOT NULL
  ) STRICT;
  CREATE INDEX kv_log_key ON kv_log (key);
  CREATE TABLE kv_current (
    key BLOB PRIMARY KEY,
    id INTEGER NOT NULL,
    create_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Stores from before there were leases have no such table, and may go on without a word. */
const createLeaseTable = `
  CREATE TABLE IF NOT EXISTS kv_lease (id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL) STRICT`;

/** `kv_meta`, as far as opening needs it. */
export interface MetaRow {
  readonly schema: number;
  readonly clusterId: string;
  readonly revision: number;
  readonly compacted: number;
}

/**
 * Makes the tables in an empty file, or checks those of a store; changes nothing in any other file.
 * @throws {UnavailableError} The file is not ours, of a newer schema, or contradicts itself.
 */
export function prepareSchema(database: DatabaseSync, newClusterId: string): MetaRow {
  const id = pragmaNumber(database, "application_id");
  if (id !== applicationId) {
    if (id !== 0 || pragmaNumber(database, "schema_version") !== 0) {
      throw new UnavailableError("it is a SQLite database, but not a store of cellplane");
    }
    createStore(database, newClusterId);
  }
  const meta = readMeta(database);
  checkMeta(database, meta);
  database.exec(createLeaseTable);
  return meta;
}

/** A pragma that answers one number. */
export function pragmaNumber(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() ?? {};
  return Number(Object.values(row)[0]);
}

function createStore(database: DatabaseSync, clusterId: string): void {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`BEGIN IMMEDIATE; ${createTables}`);
  database
    .prepare("INSERT INTO kv_meta VALUES (1, ?, ?, 1, 1, 0, 0, 2)")
    .run(schemaVersion, clusterId);
  database.exec(`PRAGMA application_id = ${applicationId}; COMMIT`);
}

function readMeta(database: DatabaseSync): MetaRow {
  // An older version must not read what a newer one has laid out: the version comes first.
  const schema = database.prepare("SELECT schema FROM kv_meta").get()?.["schema"];
  if (typeof schema !== "number" || schema > schemaVersion) {
    throw new UnavailableError(
      `its schema is ${String(schema)}, and this version knows only up to ${schemaVersion}`,
    );
  }
  const row = database
    .prepare("SELECT cluster_id AS clusterId, revision, compacted FROM kv_meta")
    .get();
  return {
    schema,
    clusterId: String(row?.["clusterId"]),
    revision: Number(row?.["revision"]),
    compacted: Number(row?.["compacted"]),
  };
}

/**
 * The log ends with the head: its changes, deletions too, stay through every compaction. A restore
 * and an accepted loss leave a head without changes, which is `compacted` then.
 */
function checkMeta(database: DatabaseSync, meta: MetaRow): void {
  const row = database.prepare(`SELECT max(id) >> ${subBits} AS last FROM kv_log`).get();
  const last = Number(row?.["last"] ?? 1);
  if (last === meta.revision || (last < meta.revision && meta.compacted === meta.revision)) return;
  throw new UnavailableError(
    `it is damaged: the head is revision ${meta.revision}, and the log ends at ${String(last)}`,
  );
}
