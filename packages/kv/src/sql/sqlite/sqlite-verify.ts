import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UnavailableError } from "../../store/kv-error.ts";
import { Findings, type VerifyReport } from "../../store/verify-report.ts";
import {
  type Attachment,
  type CurrentRow,
  type LogPlace,
  type VerifiedMeta,
  type VerifyProgress,
  verifyRows,
  type VerifyRow,
  type VerifySource,
} from "../../store/verify-rows.ts";
import { applicationId, pragmaNumber, schemaVersion, subBits } from "./sqlite-schema.ts";

/** Rows of a page; between two pages others have their turn. */
const pageRows = 2000;

const subMask = 2 ** subBits - 1;
const place = (id: string): string => `${id} >> ${subBits}, ${id} & ${subMask}`;

/**
 * Verifies the store in a SQLite file, in a snapshot and without changing anything, also while
 * a process serves it.
 *
 * @throws {UnavailableError} It cannot be looked at: it is not there, or no store of this version.
 */
export async function verifySqlite(
  path: string,
  onProgress?: (progress: VerifyProgress) => void,
): Promise<VerifyReport> {
  using database = openForReading(path);
  const findings = new Findings();
  try {
    database.exec("BEGIN");
    for (const row of database.prepare("PRAGMA integrity_check").iterate()) {
      const text = String(row["integrity_check"]);
      if (text !== "ok") findings.add(`the file is damaged: ${text}`);
    }
    return await verifyRows(new SqliteRows(database), findings, onProgress);
  } catch (error) {
    if (!isCorrupt(error)) throw lookError(path, error);
    findings.add(`the file is damaged: ${messageOf(error)}`);
    return unreadable(findings);
  }
}

/**
 * Opens a store's file for reading alone.
 * @throws {UnavailableError}
 */
export function openForReading(path: string): DatabaseSync {
  const full = resolve(path);
  if (!existsSync(full)) throw lookError(path, new Error("there is no such file"));
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(full, { readOnly: true, timeout: 5000 });
    if (pragmaNumber(database, "application_id") !== applicationId) {
      throw new Error("it is not a store of cellplane");
    }
    const schema = Number(database.prepare("SELECT schema FROM kv_meta").get()?.["schema"]);
    if (schema > schemaVersion) {
      throw new Error(
        `its schema is ${schema}, and this version knows only up to ${schemaVersion}`,
      );
    }
    return database;
  } catch (error) {
    database?.close();
    throw lookError(path, error);
  }
}

class SqliteRows implements VerifySource {
  readonly meta: VerifiedMeta;
  readonly leases: ReadonlySet<number>;
  readonly attachments?: () => AsyncIterable<readonly Attachment[]>;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const row = database.prepare("SELECT revision, compacted, epoch, token FROM kv_meta").get();
    const number = (name: string): number => Number(row?.[name]);
    this.meta = {
      driver: "sqlite",
      revision: number("revision"),
      compacted: number("compacted"),
      epoch: number("epoch"),
      token: number("token"),
    };
    this.leases = new Set(
      hasTable(database, "kv_lease")
        ? this.#statement("SELECT id FROM kv_lease")
            .all()
            .map((lease) => columnsOf(lease)[0])
        : [],
    ) as ReadonlySet<number>;
    if (hasTable(database, "kv_lease_key")) {
      this.attachments = () =>
        this.#pages("SELECT lease, key FROM kv_lease_key ORDER BY key, lease", (columns) => ({
          lease: Number(columns[0]),
          key: keyOf(columns[1]),
        }));
    }
  }

  places(): AsyncIterable<readonly LogPlace[]> {
    return this.#pages(`SELECT ${place("id")}, token FROM kv_log ORDER BY id`, (columns) => ({
      revision: Number(columns[0]),
      sub: Number(columns[1]),
      token: Number(columns[2]),
    }));
  }

  rowsByKey(): AsyncIterable<readonly VerifyRow[]> {
    const sql = `SELECT ${place("id")}, key, create_revision, version, lease, kind,
      ${place("previous")}, length(value) FROM kv_log ORDER BY key, id`;
    return this.#pages(sql, (columns) => ({
      ...currentOf(columns),
      kind: Number(columns[6]) === 1 ? "delete" : "put",
      previousRevision: Number(columns[7]),
      previousSub: Number(columns[8]),
    }));
  }

  current(): AsyncIterable<readonly CurrentRow[]> {
    const sql = `SELECT ${place("id")}, key, create_revision, version, lease FROM kv_current ORDER BY key`;
    return this.#pages(sql, currentOf);
  }

  async *#pages<Row>(
    sql: string,
    rowOf: (columns: readonly unknown[]) => Row,
  ): AsyncGenerator<readonly Row[]> {
    let page: Row[] = [];
    for (const row of this.#statement(sql).iterate()) {
      page.push(rowOf(columnsOf(row)));
      if (page.length < pageRows) continue;
      yield page;
      page = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (page.length > 0) yield page;
  }

  #statement(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }
}

function currentOf(columns: readonly unknown[]): CurrentRow {
  return {
    revision: Number(columns[0]),
    sub: Number(columns[1]),
    key: keyOf(columns[2]),
    createRevision: Number(columns[3]),
    version: Number(columns[4]),
    lease: Number(columns[5]),
  };
}

function columnsOf(row: unknown): readonly unknown[] {
  return row as readonly unknown[];
}

function keyOf(column: unknown): string {
  if (!(column instanceof Uint8Array)) throw new TypeError("A key that should be a blob is none");
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString("latin1");
}

/** Whether a store has a table, which those of older versions may not have. */
export function hasTable(database: DatabaseSync, name: string): boolean {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
  return database.prepare(sql).get(name) !== undefined;
}

const sqliteCorrupt = 11;

function isCorrupt(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && (error.errcode & 0xff) === sqliteCorrupt;
}

function unreadable(findings: Findings): VerifyReport {
  return {
    driver: "sqlite",
    revision: 0,
    compacted: 0,
    epoch: 0,
    changes: 0,
    keys: 0,
    leases: 0,
    wrong: findings.count,
    findings: findings.kept,
    proved: [],
  };
}

function lookError(path: string, error: unknown): UnavailableError {
  return new UnavailableError(`Cannot look at the store "${path}": ${messageOf(error)}`, {
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
