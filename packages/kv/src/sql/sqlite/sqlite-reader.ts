import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { KeySpan } from "../../store/key-text.ts";
import { keyOf } from "../../store/key-text.ts";
import type { Revision } from "../../store/mvcc-store.ts";
import type {
  ChangesPage,
  ChangesRequest,
  LeaseRow,
  LogChange,
  LogPosition,
} from "../../store/revision-log.ts";
import { readError } from "./sqlite-error.ts";
import { subBits } from "./sqlite-schema.ts";

const subMask = 2 ** subBits - 1;

/** Revision and sub of an id, computed in SQL: ids outgrow a double. */
function position(column: string): string {
  return `${column} >> ${subBits}, ${column} & ${subMask}`;
}

const logColumns = `${position("id")}, key, kind, create_revision, ${position("previous")}, version, lease`;

/** Keys of `kv_current` read at once when the store is opened. */
const keysPerPage = 1000;

/**
 * Reads the log, synchronously and on the caller's thread: a row costs a few microseconds, less than
 * asking another thread. Each statement ends at once, so that no checkpoint waits for a reader.
 */
export class SqliteReader {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #row: StatementSync;
  readonly #changes: StatementSync;
  readonly #firstAfter: StatementSync;
  readonly #firstAfterToEnd: StatementSync;
  readonly #current: StatementSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    this.#database.exec("PRAGMA cache_size = -16384");
    this.#begin = this.#prepare("BEGIN");
    this.#end = this.#prepare("COMMIT");
    this.#row = this.#prepare(
      `SELECT ${logColumns}, value FROM kv_log WHERE id = (?1 << ${subBits} | ?2)`,
    );
    this.#changes = this.#prepare(
      `SELECT ${logColumns}, value FROM kv_log
       WHERE id >= (?1 << ${subBits}) AND id < (?2 + 1 << ${subBits}) ORDER BY id`,
    );
    this.#firstAfter = this.#prepare(firstAfterSql("key >= ?2 AND key < ?3"));
    this.#firstAfterToEnd = this.#prepare(firstAfterSql("key >= ?2"));
    this.#current = this.#prepare(
      `SELECT ${position("id")}, key, 0, create_revision, 0, 0, version, lease
       FROM kv_current WHERE key > ?1 ORDER BY key LIMIT ${keysPerPage}`,
    );
  }

  rows(positions: readonly LogPosition[]): readonly (LogChange | undefined)[] {
    const read = ({ revision, sub }: LogPosition): LogChange | undefined => {
      const row = this.#row.get(revision, sub);
      return row && changeOf(row);
    };
    if (positions.length === 1) return reading(() => positions.map(read));
    // One transaction around many reads halves their cost: each has to find its snapshot otherwise.
    return reading(() => {
      this.#begin.run();
      try {
        return positions.map(read);
      } finally {
        this.#end.run();
      }
    });
  }

  changes({ from, to, maxChanges, maxBytes }: ChangesRequest): ChangesPage {
    return reading(() => {
      const changes: LogChange[] = [];
      let bytes = 0;
      for (const row of this.#changes.iterate(from, to)) {
        const change = changeOf(row);
        const last = changes.at(-1)?.revision;
        const isFull = changes.length >= maxChanges || bytes >= maxBytes;
        if (isFull && last !== undefined && last !== change.revision) {
          return { changes, through: last };
        }
        changes.push(change);
        bytes += change.value?.length ?? 0;
      }
      return { changes, through: to };
    });
  }

  firstChangesAfter(span: KeySpan, revision: Revision): readonly LogChange[] {
    const start = keyOf(span.start);
    return reading(() => {
      const rows =
        span.end === undefined
          ? this.#firstAfterToEnd.all(revision, start)
          : this.#firstAfter.all(revision, start, keyOf(span.end));
      return rows.map((row) => changeOf(row));
    });
  }

  *liveKeys(): Generator<readonly LogChange[]> {
    for (let after: Buffer = Buffer.alloc(0); ;) {
      const page = reading(() => this.#current.all(after).map((row) => changeOf(row)));
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (!last || page.length < keysPerPage) return;
      after = keyOf(last.key);
    }
  }

  leases(): readonly LeaseRow[] {
    return reading(() =>
      this.#database
        .prepare("SELECT id, ttl FROM kv_lease")
        .all()
        .map((row) => ({ id: Number(row["id"]), ttlSeconds: Number(row["ttl"]) })),
    );
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }
}

function firstAfterSql(where: string): string {
  return `
    WITH first AS (
      SELECT min(id) AS first_id FROM kv_log INDEXED BY kv_log_key
      WHERE ${where} AND id >= (?1 + 1 << ${subBits}) GROUP BY key)
    SELECT ${logColumns} FROM first JOIN kv_log ON id = first_id ORDER BY key`;
}

function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw readError(error);
  }
}

/** A row of `logColumns`, with the value where it was read. */
function changeOf(row: unknown): LogChange {
  const columns = row as readonly unknown[];
  const number = (at: number): number => Number(columns[at]);
  const [, , key] = columns;
  const value = columns[9];
  return {
    kind: number(3) === 1 ? "delete" : "put",
    key: bytesOf(key).toString("latin1"),
    revision: number(0),
    sub: number(1),
    createRevision: number(4),
    version: number(7),
    lease: number(8),
    previousRevision: number(5),
    previousSub: number(6),
    value: value === undefined ? undefined : bytesOf(value),
    previous: undefined,
  };
}

function bytesOf(blob: unknown): Buffer {
  if (!(blob instanceof Uint8Array)) throw new TypeError("A column that should be a blob is none");
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
}
