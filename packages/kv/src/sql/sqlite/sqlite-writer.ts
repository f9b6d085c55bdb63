import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LeaseRow } from "../../store/revision-log.ts";
import { decodeChanges, type ChangeFrame, type FramedChange } from "./change-frame.ts";
import { DiskRoomError, diskRoomBytes } from "./disk-room.ts";
import { failureOf, isFatal, type WriteFailure, type WritePhase } from "./sqlite-error.ts";
import { pragmaNumber, prepareSchema, subBits, type MetaRow } from "./sqlite-schema.ts";

/** How the writer opens its database. */
export interface WriterOptions {
  readonly path: string;
  /** Used where the file is new. */
  readonly newClusterId: string;
  /** The file may not grow beyond; 0: no limit. */
  readonly maxFileBytes: number;
}

/** The end of a write. */
export type WriteOutcome =
  | { readonly kind: "done"; readonly sizeBytes: number; readonly more: boolean }
  | { readonly kind: "failed"; readonly failure: WriteFailure };

/** Revisions looked at in one step of compaction, and rows, which a revision may have many of: about ten milliseconds. */
const revisionsPerStep = 500;
const rowsPerStep = 1000;

/** Pages in the write-ahead log before a commit moves them to the database: 16 MiB. */
const checkpointPages = 4000;

/** How far compaction may go, and where the first change stands that it has not looked at. */
const compactionSql = `
  SELECT compacted, max(compact_position, ifnull(
    (SELECT min(id) >> ${subBits} FROM kv_log WHERE id >= (compact_position << ${subBits})),
    compacted)) AS position FROM kv_meta`;

/** The only writer of a database; it lives in a thread of its own, because a commit waits for the disk. */
export class SqliteWriter {
  readonly meta: MetaRow;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insertLog: StatementSync;
  readonly #putCurrent: StatementSync;
  readonly #deleteCurrent: StatementSync;
  readonly #setHead: StatementSync;
  readonly #pageCount: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pageBytes: number;
  readonly #path: string;
  readonly #diskRoomBytes: (path: string) => number;
  #broken: WriteFailure | undefined;

  /** @throws {UnavailableError} The file is not a store that this version can use. */
  constructor(
    { path, newClusterId, maxFileBytes }: WriterOptions,
    roomBytes: (path: string) => number = diskRoomBytes,
  ) {
    this.#path = path;
    this.#diskRoomBytes = roomBytes;
    const database = new DatabaseSync(path, { timeout: 5000 });
    this.#database = database;
    this.meta = prepareSchema(database, newClusterId);
    this.#pageBytes = pragmaNumber(database, "page_size");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA cache_size = -8192`);
    database.exec("PRAGMA journal_size_limit = 67108864");
    if (maxFileBytes > 0) {
      database.exec(`PRAGMA max_page_count = ${Math.ceil(maxFileBytes / this.#pageBytes)}`);
    }
    const prepare = (sql: string): StatementSync => database.prepare(sql);
    this.#begin = prepare("BEGIN IMMEDIATE");
    this.#commit = prepare("COMMIT");
    this.#insertLog = prepare(
      `INSERT INTO kv_log VALUES (?1 << ${subBits} | ?2, ?3, ?4, ?5, ?6 << ${subBits} | ?7, ?8, ?9, ?10, ?11)`,
    );
    this.#putCurrent = prepare(
      `INSERT OR REPLACE INTO kv_current VALUES (?1, ?2 << ${subBits} | ?3, ?4, ?5, ?6)`,
    );
    this.#deleteCurrent = prepare("DELETE FROM kv_current WHERE key = ?");
    this.#setHead = prepare("UPDATE kv_meta SET revision = ?, token = ?");
    this.#pageCount = prepare("PRAGMA page_count");
    this.#freePages = prepare("PRAGMA freelist_count");
  }

  /** Appends a batch; `token` marks it in the log and in the head. */
  append(frame: ChangeFrame, token: number): WriteOutcome {
    return this.#transact(() => {
      let head = 0;
      let hasPut = false;
      for (const change of decodeChanges(frame)) {
        if (!change.isDelete && !hasPut) this.#checkRoom();
        hasPut ||= !change.isDelete;
        this.#write(change, token);
        head = change.revision;
      }
      this.#setHead.run(head, token);
    });
  }

  /** Notes that history below `revision` may go. */
  raiseCompacted(revision: number): WriteOutcome {
    return this.#transact(() => {
      this.#database
        .prepare("UPDATE kv_meta SET compacted = ?1 WHERE compacted < ?1")
        .run(revision);
    });
  }

  /** Keeps a lease. */
  putLease({ id, ttlSeconds }: LeaseRow): WriteOutcome {
    return this.#transact(() => {
      this.#checkRoom();
      this.#database.prepare("INSERT OR REPLACE INTO kv_lease VALUES (?, ?)").run(id, ttlSeconds);
    });
  }

  /** Forgets a lease. */
  removeLease(id: number): WriteOutcome {
    return this.#transact(() => {
      this.#database.prepare("DELETE FROM kv_lease WHERE id = ?").run(id);
    });
  }

  /**
   * Removes what the next window of revisions has made unreachable. A change below `compacted`
   * has replaced its key's row before it; a deletion below it is not needed either. Changes at
   * `compacted` and the rows before them stay, for a watch may begin exactly there.
   */
  compactStep(): WriteOutcome {
    let more = false;
    const outcome = this.#transact(() => {
      const meta = this.#database.prepare(compactionSql).get();
      const compacted = Number(meta?.["compacted"]);
      // Revisions that an accepted loss has skipped are no work.
      const from = Math.min(compacted, Number(meta?.["position"]));
      const to = Math.min(compacted, from + revisionsPerStep, this.#revisionAfterRows(from));
      if (to <= from) return;
      this.#removeUnreachable(from, to);
      more = to < compacted;
    });
    return outcome.kind === "done" ? { ...outcome, more } : outcome;
  }

  /**
   * Moves the write-ahead log into the database, so that the next commit begins it anew. Its file
   * keeps its size: to write over what is there takes about half of the time of making it longer.
   */
  checkpoint(): void {
    this.#database.exec("PRAGMA wal_checkpoint(RESTART)");
  }

  close(): void {
    if (!this.#broken) this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#database.close();
  }

  get sizeBytes(): number {
    const pages = this.#pageCount.get()?.["page_count"];
    return Number(pages) * this.#pageBytes - this.#freeBytes;
  }

  /** What the file holds without using it. */
  get #freeBytes(): number {
    return Number(this.#freePages.get()?.["freelist_count"]) * this.#pageBytes;
  }

  /** @throws {DiskRoomError} */
  #checkRoom(): void {
    const roomBytes = this.#diskRoomBytes(this.#path);
    if (roomBytes > 0 || roomBytes + this.#freeBytes > 0) return;
    throw new DiskRoomError(this.#path);
  }

  #write(change: FramedChange, token: number): void {
    const { revision, sub, key, createRevision, version, lease } = change;
    this.#insertLog.run(
      revision,
      sub,
      key,
      change.isDelete ? 1 : 0,
      createRevision,
      change.previousRevision,
      change.previousSub,
      version,
      lease,
      token,
      change.value,
    );
    if (change.isDelete) this.#deleteCurrent.run(key);
    else this.#putCurrent.run(key, revision, sub, createRevision, version, lease);
  }

  /** The revision that is so many rows after another one; never that one itself. */
  #revisionAfterRows(from: number): number {
    const row = this.#database
      .prepare(
        `SELECT id >> ${subBits} AS revision FROM kv_log WHERE id >= (?1 << ${subBits}) ORDER BY id LIMIT 1 OFFSET ${rowsPerStep}`,
      )
      .get(from);
    return row ? Math.max(from + 1, Number(row["revision"])) : Number.POSITIVE_INFINITY;
  }

  #removeUnreachable(from: number, to: number): void {
    const window = `id >= (?1 << ${subBits}) AND id < (?2 << ${subBits})`;
    for (const sql of [
      `DELETE FROM kv_log WHERE id IN (SELECT previous FROM kv_log WHERE ${window} AND previous > 0)`,
      `DELETE FROM kv_log WHERE ${window} AND kind = 1`,
    ]) {
      this.#database.prepare(sql).run(from, to);
    }
    this.#database.prepare("UPDATE kv_meta SET compact_position = ?").run(to);
  }

  #transact(work: () => void): WriteOutcome {
    if (this.#broken) return { kind: "failed", failure: this.#broken };
    let phase: WritePhase = "before-commit";
    try {
      this.#begin.run();
      work();
      phase = "in-commit";
      this.#commit.run();
      return { kind: "done", sizeBytes: this.sizeBytes, more: false };
    } catch (error) {
      return { kind: "failed", failure: this.#abandon(error, phase) };
    }
  }

  /** Rolls back what failed. After a failed disk operation nothing more is tried. */
  #abandon(error: unknown, phase: WritePhase): WriteFailure {
    const failure = failureOf(error, phase);
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch (rollback) {
      this.#broken = failureOf(rollback, "before-commit");
    }
    if (isFatal(error)) this.#broken = { kind: "unavailable", message: failure.message };
    return failure;
  }
}
