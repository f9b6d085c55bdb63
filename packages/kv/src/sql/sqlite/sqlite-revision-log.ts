import { randomBytes } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { KeySpan } from "../../store/key-text.ts";
import type { Revision } from "../../store/mvcc-store.ts";
import type {
  ChangesPage,
  ChangesRequest,
  LeaseRows,
  LogChange,
  LogHead,
  LogPosition,
  LogTurn,
  RevisionLog,
} from "../../store/revision-log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { openError } from "./sqlite-error.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { MetaRow } from "./sqlite-schema.ts";
import { SqliteWriter, type WriterOptions } from "./sqlite-writer.ts";
import { createInlineWriter, type WriterPort } from "./writer-port.ts";
import { WriterThread } from "./writer-thread.ts";

/** Where the log is kept. */
export interface SqliteLogOptions {
  /** The database file; its directory is made where it is missing, and belongs to one process. */
  readonly path: string;
  /** The file may not grow beyond. */
  readonly maxFileBytes?: number;
  /**
   * Where commits wait for the disk. Default `thread`: the event loop goes on meanwhile. `inline`
   * opens faster, as it starts no thread, and stops the event loop for each commit: for short commands and tests.
   */
  readonly writer?: "thread" | "inline";
}

/**
 * Opens a log in a SQLite file.
 * @throws {LockedError} Another process has it open.
 * @throws {UnavailableError} It is damaged, not ours, or of a newer schema.
 */
export async function openSqliteLog(options: SqliteLogOptions): Promise<RevisionLog> {
  const path = resolve(options.path);
  const lock = lockDirectory(dirname(path));
  try {
    const { writer, meta } = await openWriter(options.writer ?? "thread", {
      path,
      newClusterId: randomBytes(8).toString("hex"),
      maxFileBytes: options.maxFileBytes ?? 0,
    });
    const reader = await openReader(path, writer);
    return new SqliteRevisionLog(meta, { lock, writer, reader });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function openReader(path: string, writer: WriterPort): Promise<SqliteReader> {
  try {
    return new SqliteReader(path);
  } catch (error) {
    await writer.close();
    throw openError(path, error);
  }
}

async function openWriter(
  where: "thread" | "inline",
  options: WriterOptions,
): Promise<{ readonly writer: WriterPort; readonly meta: MetaRow }> {
  if (where === "thread") return WriterThread.open(options);
  try {
    const writer = new SqliteWriter(options);
    return { writer: createInlineWriter(writer), meta: writer.meta };
  } catch (error) {
    throw openError(options.path, error);
  }
}

/** What the log holds while it is open. */
interface Parts {
  readonly lock: Disposable;
  readonly writer: WriterPort;
  readonly reader: SqliteReader;
}

/** The log of one process on a SQLite file: a writer in a thread of its own, reads on the caller's. */
class SqliteRevisionLog implements RevisionLog {
  readonly driver = "sqlite";
  readonly keepsValues = false;
  readonly head: LogHead;
  readonly leases: LeaseRows;
  readonly #parts: Parts;
  readonly #turn: LogTurn = {
    // The lock on the directory keeps others out.
    foreign: [],
    commit: (changes) => this.#append(changes),
    abandon: () => undefined,
  };

  constructor(head: LogHead, parts: Parts) {
    this.head = head;
    this.#parts = parts;
    const { reader, writer } = parts;
    this.leases = {
      all: () => reader.leases(),
      put: (lease) => writer.putLease(lease),
      remove: (id) => writer.removeLease(id),
    };
  }

  liveKeys(): Iterable<readonly LogChange[]> {
    return this.#parts.reader.liveKeys();
  }

  begin(): LogTurn {
    return this.#turn;
  }

  rows(positions: readonly LogPosition[]): readonly (LogChange | undefined)[] {
    return this.#parts.reader.rows(positions);
  }

  changes(request: ChangesRequest): ChangesPage {
    return this.#parts.reader.changes(request);
  }

  firstChangesAfter(span: KeySpan, revision: Revision): readonly LogChange[] {
    return this.#parts.reader.firstChangesAfter(span, revision);
  }

  raiseCompacted(revision: Revision): Promise<void> {
    return this.#parts.writer.raiseCompacted(revision);
  }

  compactStep(): Promise<"done" | "more"> {
    return this.#parts.writer.compactStep();
  }

  sizeBytes(): number {
    return this.#parts.writer.sizeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { lock, writer, reader } = this.#parts;
    // The reader first: the writer, as the last to close, empties the write-ahead log.
    reader.close();
    try {
      await writer.close();
    } finally {
      lock[Symbol.dispose]();
    }
  }

  #append(changes: readonly LogChange[]): Promise<void> {
    return this.#parts.writer.append(changes, randomBytes(6).readUIntBE(0, 6));
  }
}
