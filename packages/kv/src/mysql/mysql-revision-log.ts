import { randomBytes } from "node:crypto";
import type { KeySpan } from "../store/key-text.ts";
import { KvError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import type {
  ChangesPage,
  ChangesRequest,
  CompactStep,
  LeaseNeeds,
  LogChange,
  LogHead,
  LogPosition,
  LogSnapshot,
  LogTurn,
  MaybePromise,
  RevisionLog,
  SharedHead,
  SharedLog,
} from "../store/revision-log.ts";
import type { LeaseClock } from "../watch/lease-terms.ts";
import { compactStep } from "./compact-step.ts";
import { checkGapless } from "./foreign-changes.ts";
import { checkHead, HeadMemory, type RememberedHead } from "./head-memory.ts";
import { givenTimeSql, leaseTimeSql } from "./lease-sql.ts";
import { MysqlError, readError, writeError } from "./mysql-error.ts";
import { MysqlLeases } from "./mysql-leases.ts";
import { MysqlReader, type DatabaseSize } from "./mysql-reader.ts";
import { openError } from "./mysql-open-error.ts";
import { numberLiteral } from "./mysql-rows.ts";
import { prepareSchema, type MetaRow } from "./mysql-schema.ts";
import { MysqlSessions } from "./mysql-sessions.ts";
import { openSnapshot, type MysqlSnapshot } from "./mysql-snapshot.ts";
import { sessionSetUp, writerSetUp, type MysqlServer } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import { MysqlWriter } from "./mysql-writer.ts";
import { openChecked } from "./open-checked.ts";

const pageTimeoutMs = 30_000;

/** Sessions beside those that read: of the writer, its marks, leases, and upkeep. */
const otherSessions = 4;

/** How often the size is asked for, without and with a quota on it. */
const sizeEveryMs = 10_000;
const quotaEveryMs = 3000;

/** How much of the log is read at once to follow it. */
const followed = { maxChanges: 2000, maxBytes: 8 * 1024 * 1024 };

/** Settings of a log in a database. */
export interface MysqlLogOptions {
  /** A file that remembers the newest acknowledged revision, for the next process (`design/store.md` §8). */
  readonly headMemoryPath?: string;
  /** What a log of this process before this one remembers; instead of the path. */
  readonly headMemory?: HeadMemory;
  /** Refuse a database without a store, instead of making one. */
  readonly mustExist?: boolean;
  /** Sessions for reading. Default: 4; writing, leases and upkeep take four more. */
  readonly readSessions?: number;
  /** Bytes beyond which puts are refused; the size is looked at more often then. */
  readonly quotaBytes?: number;
  /** By what leases are measured; the database's clock unless given. */
  readonly leaseClock?: LeaseClock;
}

/**
 * Opens a log in a database, and makes its tables where it has none.
 * @throws {UnavailableError} The database is away, refuses, or cannot be trusted.
 * @throws {RevisionsLostError}
 */
export async function openMysqlLog(
  target: MysqlTarget,
  options: MysqlLogOptions,
): Promise<RevisionLog> {
  const memory = options.headMemory ?? new HeadMemory(options.headMemoryPath);
  try {
    const server = await prepareDatabase(target, options);
    const log = new MysqlRevisionLog({ target, server, memory, options });
    try {
      return await log.open();
    } catch (error) {
      await log[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    throw openError(target, error);
  }
}

async function prepareDatabase(
  target: MysqlTarget,
  options: MysqlLogOptions,
): Promise<MysqlServer> {
  const needs = options.mustExist ? "store" : "database";
  const sessions = readSessionsOf(target, options) + otherSessions;
  const { session: opened, server } = await openChecked(target, { needs, sessions });
  await using session = opened;
  await prepareSchema(session, randomBytes(8).toString("hex"));
  return server;
}

function readSessionsOf(
  { readConnections }: MysqlTarget,
  { readSessions }: MysqlLogOptions,
): number {
  return readSessions ?? readConnections ?? 4;
}

/** What a log is made of. */
interface LogParts {
  readonly target: MysqlTarget;
  readonly server: MysqlServer;
  readonly memory: HeadMemory;
  readonly options: MysqlLogOptions;
}

/** A log that several processes write to. */
class MysqlRevisionLog implements RevisionLog {
  readonly driver: string;
  readonly keepsValues = false;
  readonly shared: SharedLog;
  readonly #target: MysqlTarget;
  readonly #server: MysqlServer;
  readonly #memory: HeadMemory;
  readonly #writer: MysqlWriter;
  readonly #sessions: MysqlSessions;
  readonly #upkeep: MysqlSessions;
  readonly #leaseSessions: MysqlSessions;
  readonly #reader: MysqlReader;
  #opening: LogSnapshot | undefined;
  #head: LogHead = { revision: 1, compacted: 0, clusterId: "" };
  readonly #hasQuota: boolean;
  #size: DatabaseSize = { inUseBytes: 0, freeBytes: 0 };
  #sizeTimer: NodeJS.Timeout | undefined;

  constructor({ target, server, memory, options }: LogParts) {
    this.driver = server.flavor;
    this.#target = target;
    this.#server = server;
    this.#memory = memory;
    const setUp = sessionSetUp(server.flavor);
    this.#sessions = new MysqlSessions(target, {
      limit: readSessionsOf(target, options),
      setUp,
    });
    this.#upkeep = new MysqlSessions(target, { limit: 1, setUp: writerSetUp(server.flavor) });
    this.#leaseSessions = new MysqlSessions(target, {
      limit: 1,
      setUp: writerSetUp(server.flavor),
    });
    this.#reader = new MysqlReader(this.#sessions);
    const { leaseClock, quotaBytes } = options;
    this.#hasQuota = quotaBytes !== undefined;
    const time = leaseClock ? givenTimeSql(() => leaseClock.nowMs()) : leaseTimeSql;
    this.#writer = new MysqlWriter({
      target,
      server,
      memory,
      time,
      failedOver: () => this.#failedOver(),
    });
    this.shared = {
      readHead: () => this.#readHead(),
      changesAfter: (after) => this.#changesAfter(after),
      snapshot: () => this.#snapshot(),
      leases: new MysqlLeases({
        sessions: this.#leaseSessions,
        time,
        makeDurable: () => this.#markDurable(),
        failedOver: () => this.#failedOver(),
      }),
    };
  }

  get head(): LogHead {
    return this.#head;
  }

  /** Takes a snapshot to read the live keys from. */
  async open(): Promise<this> {
    const taken = await openSnapshot(this.#target, this.#server);
    this.#memory.forgetBefore(taken.meta.epoch);
    await this.#checkSnapshot(taken, this.#memory.known);
    this.#opening = taken.snapshot;
    this.#head = { ...taken.snapshot.head, clusterId: taken.clusterId };
    await this.#measure();
    const everyMs = this.#hasQuota ? quotaEveryMs : sizeEveryMs;
    this.#sizeTimer = setInterval(() => void this.#measure(), everyMs).unref();
    return this;
  }

  async *liveKeys(): AsyncGenerator<readonly LogChange[]> {
    if (!this.#opening) throw new Error("The live keys can be read only once");
    await using snapshot = this.#opening;
    this.#opening = undefined;
    yield* snapshot.liveKeys();
  }

  begin(after: Revision, leases?: LeaseNeeds): MaybePromise<LogTurn> {
    return this.#writer.begin(after, leases);
  }

  rows(positions: readonly LogPosition[]): Promise<readonly (LogChange | undefined)[]> {
    return this.#reader.rows(positions);
  }

  changes(request: ChangesRequest): Promise<ChangesPage> {
    return this.#reader.changes(request);
  }

  firstChangesAfter(span: KeySpan, revision: Revision): Promise<readonly LogChange[]> {
    return this.#reader.firstChangesAfter(span, revision);
  }

  async raiseCompacted(revision: Revision): Promise<void> {
    const to = numberLiteral(revision);
    const sql = `UPDATE kv_meta SET compacted = ${to} WHERE one = 1 AND compacted < ${to}`;
    // The lock first: OceanBase judges the condition of a change by what was there when it began.
    const lock = "SELECT one FROM kv_meta WHERE one = 1 FOR UPDATE";
    try {
      await this.#upkeep.read(["BEGIN", lock, sql, "COMMIT"], pageTimeoutMs);
    } catch (error) {
      // Its transaction must not stay open.
      this.#upkeep.dropAll();
      const failure = writeError(MysqlError.from(error));
      if (failure instanceof KvError) throw failure;
      throw new UnavailableError(`Cannot compact as the store is busy: ${failure.message}`);
    }
  }

  async compactStep(): Promise<CompactStep> {
    try {
      return await compactStep(this.#upkeep);
    } catch (error) {
      // Its transaction must not stay open.
      this.#upkeep.dropAll();
      throw readError(error);
    }
  }

  sizeBytes(): number {
    return this.#size.inUseBytes + this.#writer.bytesSinceMeasured;
  }

  fileBytes(): number {
    return this.sizeBytes() + this.#size.freeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sizeTimer);
    this.#memory.flush();
    await this.#opening?.[Symbol.asyncDispose]();
    await this.#writer[Symbol.asyncDispose]();
    await this.#upkeep[Symbol.asyncDispose]();
    await this.#leaseSessions[Symbol.asyncDispose]();
    await this.#sessions[Symbol.asyncDispose]();
  }

  /** Only for who has the store open: an accepted loss is no snapshot to go on from. */
  async #snapshot(): Promise<LogSnapshot> {
    const { known } = this.#memory;
    const taken = await openSnapshot(this.#target, this.#server);
    await this.#checkSnapshot(taken, known);
    return taken.snapshot;
  }

  async #checkSnapshot(
    { snapshot, meta }: MysqlSnapshot,
    known: RememberedHead | undefined,
  ): Promise<void> {
    try {
      checkHead(known, meta, await this.#tokenThere(known?.revision ?? 0, meta));
      await this.#writer.makeDurable(meta.revision);
      this.#memory.note(meta);
    } catch (error) {
      await snapshot[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #readHead(): Promise<SharedHead> {
    // Before the read: this process may commit meanwhile.
    const { known } = this.#memory;
    const meta = await this.#reader.meta();
    checkHead(known, meta);
    return meta;
  }

  async #changesAfter(after: Revision): Promise<ChangesPage> {
    const { known } = this.#memory;
    const meta = await this.#reader.meta();
    checkHead(known, meta, await this.#tokenThere(known?.revision ?? 0, meta));
    const page = await this.#reader.changes({ from: after + 1, to: meta.revision, ...followed });
    checkGapless(page.changes, after, { revision: page.through, compacted: meta.compacted });
    try {
      await this.#writer.makeDurable(meta.revision);
    } catch (error) {
      throw readError(error);
    }
    if (page.through === meta.revision) this.#memory.note(meta);
    return page;
  }

  /** The token at a revision before the head; absent where compaction may have taken its rows. */
  async #tokenThere(revision: Revision, meta: MetaRow): Promise<number | undefined> {
    if (revision < 2 || revision >= meta.revision) return undefined;
    // At `compacted` itself there may be none: an accepted loss skips revisions.
    if (revision <= meta.compacted) return undefined;
    return (await this.#reader.tokenAt(revision)) ?? -1;
  }

  async #markDurable(): Promise<void> {
    try {
      await this.#writer.markDurable();
    } catch (error) {
      throw readError(error);
    }
  }

  #failedOver(): void {
    this.#sessions.dropAll();
    this.#upkeep.dropAll();
    this.#leaseSessions.dropAll();
    this.#writer.dropSessions();
  }

  async #measure(): Promise<void> {
    try {
      const writtenBefore = this.#writer.bytesSinceMeasured;
      // Who may not have it estimated goes by the estimate that there is.
      if (this.#hasQuota && this.#server.flavor !== "oceanbase") {
        await this.#reader.estimateSize().catch(() => undefined);
      }
      this.#size = await this.#reader.size();
      this.#writer.bytesSinceMeasured -= writtenBefore;
    } catch {
      // The last figure stays until the database is back.
    }
  }
}
