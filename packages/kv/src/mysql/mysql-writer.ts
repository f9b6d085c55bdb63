import { randomBytes } from "node:crypto";
import { KvError, OutcomeUnknownError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import {
  BehindError,
  TurnLostError,
  type LeaseNeeds,
  type LogChange,
  type LogTurn,
  type TurnLeases,
} from "../store/revision-log.ts";
import { commitMessages } from "./commit-messages.ts";
import { checkHead, type HeadMemory } from "./head-memory.ts";
import { checkGapless, checkNotBehind, foreignSql } from "./foreign-changes.ts";
import { databaseNowMs, type LeaseTimeSql } from "./lease-sql.ts";
import { readLeases, turnLeasesOf } from "./lease-statements.ts";
import { MysqlError, verdictOf, writeError } from "./mysql-error.ts";
import { changeOf, numberLiteral } from "./mysql-rows.ts";
import { metaColumns, metaOf, type MetaRow } from "./mysql-schema.ts";
import { MysqlSession } from "./mysql-session.ts";
import { MysqlSessions } from "./mysql-sessions.ts";
import { checkServer, sessionSetUp, writerSetUp, type MysqlServer } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/** How long a turn is waited for, in milliseconds: longer than a frozen holder keeps the lock. */
const beginForMs = 7000;

/** How long one message may wait for its answer: the lock wait, and a slow disk. */
const answerTimeoutMs = 8000;

/** How long the outcome of a lost commit is looked for. */
const settleForMs = 15_000;

/** How often an idle session is used, so that the server does not end it. */
const keepAliveMs = 2000;

/** How often a writer tells that it lives, and after how long without that its row goes. */
const signEveryMs = 600_000;
const writerLifeMs = 24 * 3_600_000;

/** Before schema 2 the column was a count. */
const firstTimeMs = 1_000_000_000_000;

/** The batch of a writer whose row had gone: nobody knows what became of its last one. */
const forgotten = -1;

/** A change in any case, so that its commit makes durable what was there before it. */
const markedSql = `marks = GREATEST(marks + 1, ${databaseNowMs})`;

const purgeWriters = `DELETE FROM kv_writer WHERE marks >= ${firstTimeMs} AND marks < ${databaseNowMs} - ${writerLifeMs}`;

/** What the writer works on. */
export interface WriterHost {
  readonly target: MysqlTarget;
  readonly server: MysqlServer;
  readonly memory: HeadMemory;
  readonly time: LeaseTimeSql;
  /** The server can no longer write: all sessions have to resolve its name again. */
  failedOver(): void;
}

/** A turn of this process: the session that holds the lock, and what it found. */
interface Turn {
  readonly session: MysqlSession;
  readonly meta: MetaRow;
  readonly leases: TurnLeases | undefined;
}

/** Commits batches under the lock on `kv_meta`, two round trips each, and finds out what came of a lost answer. */
export class MysqlWriter implements AsyncDisposable {
  readonly #host: WriterHost;
  /** This process among the writers: 48 random bits. */
  readonly #id: number = randomToken();
  #session: MysqlSession | undefined;
  /** Makes durable what others wrote, beside the session that may be in a turn. */
  readonly #marks: MysqlSessions;
  /** Bytes of keys and values that this process wrote and the server's estimate has not counted yet. */
  bytesSinceMeasured = 0;
  #batch = 0;
  #inTurn = false;
  #isRegistered = false;
  #durableThrough: Revision = 0;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #signs: NodeJS.Timeout;

  constructor(host: WriterHost) {
    this.#host = host;
    const setUp = sessionSetUp(host.server.flavor);
    this.#marks = new MysqlSessions(host.target, { limit: 1, setUp });
    this.#keepAlive = setInterval(() => this.#ping(), keepAliveMs).unref();
    this.#signs = setInterval(() => void this.#signOfLife(), signEveryMs).unref();
  }

  /**
   * Takes the lock, and reads what others committed after a revision.
   * @throws {UnavailableError} The database is away, or cannot be trusted.
   * @throws {RevisionsLostError}
   */
  async begin(after: Revision, needs?: LeaseNeeds): Promise<LogTurn> {
    this.#inTurn = true;
    try {
      return await this.#retry("write", beginForMs, () => this.#tryBegin(after, needs));
    } catch (error) {
      this.#inTurn = false;
      throw error;
    }
  }

  /**
   * Makes everything durable that could be seen before the call, by a commit of our own.
   * @throws {MysqlError | UnavailableError}
   */
  async makeDurable(through: Revision): Promise<void> {
    if (!this.#host.server.showsBeforeDurable || through <= this.#durableThrough) return;
    await this.#register();
    await this.#marks.read([this.#markSql()], answerTimeoutMs);
    this.#durableThrough = Math.max(this.#durableThrough, through);
  }

  /** Makes everything durable that could be seen before the call and is no revision, as leases are. */
  async markDurable(): Promise<void> {
    if (!this.#host.server.showsBeforeDurable) return;
    await this.#register();
    await this.#marks.read([this.#markSql()], answerTimeoutMs);
  }

  /** Ends the sessions; the next turn connects again. */
  dropSessions(): void {
    this.#session?.destroy();
    this.#marks.dropAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    clearInterval(this.#signs);
    if (this.#isRegistered) {
      const farewell = [`DELETE FROM kv_writer WHERE id = ${this.#id}`];
      await this.#marks.read(farewell, 1000).catch(() => undefined);
    }
    await this.#session?.[Symbol.asyncDispose]();
    await this.#marks[Symbol.asyncDispose]();
  }

  async #tryBegin(after: Revision, needs: LeaseNeeds | undefined): Promise<LogTurn> {
    await this.#register();
    const session = await this.#open();
    const { known } = this.#host.memory;
    const [, , metaRows, rows = [], ...leases] = await session.run(
      [
        "BEGIN",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`,
        // Once more: OceanBase's locking read may tell the row as it was before the lock was waited for.
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`,
        foreignSql(after),
        ...readLeases(needs, this.#host.time),
      ],
      answerTimeoutMs,
    );
    const turn = {
      session,
      meta: metaOf(metaRows),
      leases: needs && turnLeasesOf(leases.at(-1) ?? []),
    };
    try {
      const foreign = rows.map(changeOf);
      checkHead(known, turn.meta, known && (await this.#tokenAt(turn, known.revision)));
      checkNotBehind(foreign, after, turn.meta);
      checkGapless(foreign, after, turn.meta);
      await this.makeDurable(turn.meta.revision);
      this.#host.memory.note(turn.meta);
      return this.#turnOf(turn, foreign);
    } catch (error) {
      await this.#rollback(session);
      throw error;
    }
  }

  /** The token that a revision's rows have; absent where none can be asked for, or compaction may have taken them. */
  async #tokenAt({ session, meta }: Turn, revision: Revision): Promise<number | undefined> {
    if (meta.revision <= revision || revision < 2) return undefined;
    // At `compacted` itself there may be none: an accepted loss skips revisions.
    if (revision <= meta.compacted) return undefined;
    const [rows = []] = await session.run(
      [`SELECT token FROM kv_log WHERE revision = ${numberLiteral(revision)} LIMIT 1`],
      answerTimeoutMs,
    );
    // No row: another history stands there.
    return Number(rows[0]?.[0] ?? -1);
  }

  #turnOf(turn: Turn, foreign: readonly LogChange[]): LogTurn {
    let isOpen = true;
    const end = (): void => {
      isOpen = false;
      this.#inTurn = false;
    };
    return {
      foreign,
      leases: turn.leases,
      commit: async (changes, ended = noLeases) => {
        try {
          await this.#commit(turn, changes, ended);
        } finally {
          end();
        }
      },
      abandon: async () => {
        if (!isOpen) return;
        end();
        await this.#rollback(turn.session);
      },
    };
  }

  async #commit(
    { session, meta }: Turn,
    changes: readonly LogChange[],
    ended: ReadonlySet<number>,
  ): Promise<void> {
    const [first] = changes;
    const revision = changes.at(-1)?.revision ?? meta.revision;
    if (first && first.revision !== meta.revision + 1) {
      await this.#rollback(session);
      throw new TurnLostError("the batch was decided on another head");
    }
    const token = first ? randomToken() : meta.token;
    const head = { epoch: meta.epoch, revision, token };
    const batch = ++this.#batch;
    const messages = commitMessages(changes, {
      token: head.token,
      writer: this.#id,
      batch,
      before: meta.revision,
      ended,
    });
    try {
      for (const message of messages) await session.run(message, answerTimeoutMs);
    } catch (error) {
      await this.#commitFailed(session, MysqlError.from(error), batch);
    }
    this.#durableThrough = Math.max(this.#durableThrough, revision);
    this.#host.memory.note(head);
    for (const { key, value } of changes) {
      this.bytesSinceMeasured += key.length + (value?.length ?? 0);
    }
  }

  /** Returns where the batch turns out to be committed. */
  async #commitFailed(session: MysqlSession, failure: MysqlError, batch: number): Promise<void> {
    const verdict = verdictOf(failure);
    if (verdict === "read-only") this.#host.failedOver();
    if (verdict !== "unknown") {
      await this.#rollback(session);
      throw writeError(failure);
    }
    session.destroy();
    try {
      await this.#retry("settle", settleForMs, () => this.#settle(batch));
    } catch (error) {
      if (error instanceof TurnLostError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new OutcomeUnknownError(
        `Cannot tell whether the write was committed as its answer was lost (${failure.message}): ${why}`,
      );
    }
  }

  /** By the time that the lock is ours, the old transaction has ended one way or the other. */
  async #settle(batch: number): Promise<void> {
    const session = await this.#open();
    const [, , rows = []] = await session.run(
      [
        "BEGIN",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`,
        `SELECT batch FROM kv_writer WHERE id = ${this.#id}`,
        // A change, so that the commit makes durable what was found.
        this.#markSql(),
        "COMMIT",
      ],
      answerTimeoutMs,
    );
    const last = rows[0]?.[0];
    if (last === undefined || Number(last) === forgotten)
      throw new UnavailableError("the database has forgotten this process");
    if (Number(last) !== batch)
      throw new TurnLostError("the connection was lost before the commit");
  }

  /** Makes the row of this process, once. */
  async #register(): Promise<void> {
    if (this.#isRegistered) return;
    const sql = `INSERT IGNORE INTO kv_writer VALUES (${this.#id}, 0, 0, 0, ${databaseNowMs})`;
    await this.#marks.read([sql, purgeWriters], answerTimeoutMs);
    this.#isRegistered = true;
  }

  /** Tells that this process lives, and forgets those that have long been dead. */
  async #signOfLife(): Promise<void> {
    if (!this.#isRegistered) return;
    const sql = `INSERT INTO kv_writer VALUES (${this.#id}, ${forgotten}, 0, 0, ${databaseNowMs}) ON DUPLICATE KEY UPDATE ${markedSql}`;
    try {
      await this.#marks.read([sql, purgeWriters], answerTimeoutMs);
    } catch {
      // The next sign comes long before this process counts as dead.
    }
  }

  #markSql(): string {
    return `UPDATE kv_writer SET ${markedSql} WHERE id = ${this.#id}`;
  }

  async #open(): Promise<MysqlSession> {
    this.#session = await this.#live(this.#session);
    return this.#session;
  }

  /** The session, or a new one; the server that answers now may be another than before. */
  async #live(session: MysqlSession | undefined): Promise<MysqlSession> {
    if (session && !session.isClosed) return session;
    const { target, server } = this.#host;
    const opened = await MysqlSession.open(target, writerSetUp(server.flavor));
    try {
      await checkServer(opened);
      return opened;
    } catch (error) {
      opened.destroy();
      throw error;
    }
  }

  async #rollback(session: MysqlSession): Promise<void> {
    try {
      await session.run(["ROLLBACK"], 2000);
    } catch {
      session.destroy();
    }
  }

  async #retry<T>(what: string, forMs: number, work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + forMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof KvError || isOutcome(error)) throw error;
        const failure = MysqlError.from(error);
        const verdict = verdictOf(failure);
        if (verdict === "read-only") this.#host.failedOver();
        if (verdict !== "unknown" && verdict !== "conflict") throw writeError(failure);
        this.#session?.destroy();
        if (performance.now() > deadline || isAccessDenied(failure)) {
          throw new UnavailableError(`Cannot ${what} as the database is away: ${failure.message}`);
        }
        const pauseMs = Math.random() * Math.min(10 * 2 ** attempt, 250);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  #ping(): void {
    const session = this.#session;
    if (!this.#inTurn && session && !session.isClosed) {
      session.run(["DO 0"], answerTimeoutMs).catch(() => session.destroy());
    }
  }
}

const noLeases: ReadonlySet<number> = new Set();

/** 48 random bits. */
export function randomToken(): number {
  return randomBytes(6).readUIntBE(0, 6);
}

/** What the committer is to know as it is. */
function isOutcome(error: unknown): boolean {
  return error instanceof TurnLostError || error instanceof BehindError;
}

function isAccessDenied({ errno }: MysqlError): boolean {
  return errno === 1045 || errno === 1049 || errno === 1698;
}
