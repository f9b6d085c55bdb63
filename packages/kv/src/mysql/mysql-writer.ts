import { randomBytes } from "node:crypto";
import { KvError, OutcomeUnknownError, UnavailableError } from "../store/kv-error.ts";
import type { Revision } from "../store/mvcc-store.ts";
import {
  BehindError,
  HeadMovedError,
  TurnLostError,
  type LeaseNeeds,
  type LogChange,
  type LogTurn,
  type MaybePromise,
  type TurnLeases,
} from "../store/revision-log.ts";
import { commitMessages, outOfRange, type HeadMark } from "./commit-messages.ts";
import { checkHead, type HeadMemory } from "./head-memory.ts";
import { checkGapless, checkNotBehind, foreignSql } from "./foreign-changes.ts";
import type { LeaseTimeSql } from "./lease-sql.ts";
import { readLeases, turnLeasesOf } from "./lease-statements.ts";
import { MysqlError, verdictOf, writeError } from "./mysql-error.ts";
import { changeOf, numberLiteral } from "./mysql-rows.ts";
import { metaColumns, metaOf, type MetaRow } from "./mysql-schema.ts";
import { MysqlSession } from "./mysql-session.ts";
import { checkServer, writerSetUp, type MysqlServer } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import { answerTimeoutMs, forgottenBatch, WriterRow } from "./writer-row.ts";

/** How long a turn is waited for, in milliseconds: longer than a frozen holder keeps the lock. */
const beginForMs = 7000;

/** How long the outcome of a lost commit is looked for. */
const settleForMs = 15_000;

/** How often an idle session is used, so that the server does not end it. */
const keepAliveMs = 2000;

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

/** How a batch is committed. */
interface CommitPlan {
  readonly ended: ReadonlySet<number> | undefined;
  /** The head before it. */
  readonly head: HeadMark;
  /** That head, unless the lock is held already. */
  readonly reliesOn?: HeadMark;
  readonly take: () => Promise<MysqlSession>;
}

/** Turns without anybody else's commit after which the next batches rely on there being none. */
const quietTurnsToRely = 4;

/**
 * Commits batches under the lock on `kv_meta`, and finds out what came of a lost answer. A batch
 * takes two round trips; or one, while nobody else writes: it is decided on the head that is known
 * already, and the statement that takes the lock fails where that has moved.
 */
export class MysqlWriter implements AsyncDisposable {
  readonly #host: WriterHost;
  /** This process among the writers, by 48 random bits. */
  readonly #row: WriterRow;
  #session: MysqlSession | undefined;
  /** Bytes of keys and values that this process wrote and the server's estimate has not counted yet. */
  bytesSinceMeasured = 0;
  #batch = 0;
  #inTurn = false;
  #quietTurns = 0;
  readonly #keepAlive: NodeJS.Timeout;

  constructor(host: WriterHost) {
    this.#host = host;
    this.#row = new WriterRow(randomToken(), host);
    this.#keepAlive = setInterval(() => this.#ping(), keepAliveMs).unref();
  }

  /**
   * Takes the lock, and reads what others committed after a revision; or relies on there being nothing.
   * @throws {UnavailableError} The database is away, or cannot be trusted.
   * @throws {RevisionsLostError}
   */
  begin(after: Revision, needs?: LeaseNeeds): MaybePromise<LogTurn> {
    const { known } = this.#host.memory;
    this.#inTurn = true;
    // Leases must be seen under the lock.
    const isReliable = this.#mayRely && known?.revision === after && !needs;
    return isReliable ? this.#reliantTurn(known) : this.#beginLocked(after, needs);
  }

  /** Makes everything durable that could be seen before the call. @throws {MysqlError | UnavailableError} */
  makeDurable(through: Revision): Promise<void> {
    return this.#row.makeDurable(through);
  }

  /** As `makeDurable`, for what is no revision, as leases are. */
  markDurable(): Promise<void> {
    return this.#row.markDurable();
  }

  /** Ends the sessions; the next turn connects again. */
  dropSessions(): void {
    this.#session?.destroy();
    this.#row.dropSession();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.#session?.[Symbol.asyncDispose]();
    await this.#row[Symbol.asyncDispose]();
  }

  /** OceanBase judges the condition of a change by what was there before the lock was waited for. */
  get #mayRely(): boolean {
    return this.#host.server.flavor !== "oceanbase" && this.#quietTurns >= quietTurnsToRely;
  }

  async #beginLocked(after: Revision, needs: LeaseNeeds | undefined): Promise<LogTurn> {
    try {
      return await this.#retry("write", beginForMs, () => this.#tryBegin(after, needs));
    } catch (error) {
      this.#inTurn = false;
      throw error;
    }
  }

  async #tryBegin(after: Revision, needs: LeaseNeeds | undefined): Promise<LogTurn> {
    await this.#row.register();
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
      this.#quietTurns = foreign.length === 0 ? this.#quietTurns + 1 : 0;
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
    const { epoch, revision, token } = turn.meta;
    return {
      foreign,
      leases: turn.leases,
      ...this.#endings({
        commit: (changes, ended) =>
          this.#commit(changes, {
            ended,
            head: { epoch, revision, token },
            take: () => Promise.resolve(turn.session),
          }),
        abandon: () => this.#rollback(turn.session),
      }),
    };
  }

  /** A turn for which nothing has been asked yet. */
  #reliantTurn(head: HeadMark): LogTurn {
    const take = (): Promise<MysqlSession> =>
      this.#retry("write", beginForMs, async () => {
        await this.#row.register();
        return this.#open();
      });
    const ends = this.#endings({
      commit: (changes, ended) => this.#commit(changes, { ended, head, reliesOn: head, take }),
      abandon: () => Promise.resolve(),
    });
    const confirm = async (): Promise<void> => {
      try {
        await this.#confirm(head);
      } finally {
        await ends.abandon();
      }
    };
    return { foreign: [], ...ends, confirm };
  }

  /** A turn ends once. */
  #endings({ commit, abandon }: Required<Pick<LogTurn, "commit" | "abandon">>): {
    readonly commit: LogTurn["commit"];
    readonly abandon: () => Promise<void>;
  } {
    let isOpen = true;
    const end = (): void => {
      isOpen = false;
      this.#inTurn = false;
    };
    return {
      commit: async (changes, ended = noLeases) => {
        try {
          await commit(changes, ended);
        } finally {
          end();
        }
      },
      abandon: async () => {
        if (!isOpen) return;
        end();
        await abandon();
      },
    };
  }

  /** Nobody has written since the batch was decided: what it saw was so. */
  async #confirm(head: HeadMark): Promise<void> {
    const meta = await this.#retry("read", beginForMs, async () => {
      const session = await this.#open();
      const read = `SELECT ${metaColumns} FROM kv_meta WHERE one = 1`;
      const [rows] = await session.run([read], answerTimeoutMs);
      return metaOf(rows);
    });
    const { epoch, revision, token } = meta;
    const isSame = revision === head.revision && token === head.token && epoch === head.epoch;
    if (!isSame) this.#headMoved();
    await this.makeDurable(revision);
  }

  #headMoved(): never {
    this.#quietTurns = 0;
    throw new HeadMovedError("others have written meanwhile");
  }

  async #commit(
    changes: readonly LogChange[],
    { ended = noLeases, head: before, reliesOn, take }: CommitPlan,
  ): Promise<void> {
    const session = await take();
    const [first] = changes;
    const revision = changes.at(-1)?.revision ?? before.revision;
    if (first && first.revision !== before.revision + 1) {
      await this.#rollback(session);
      throw new TurnLostError("the batch was decided on another head");
    }
    const head = { ...before, revision, token: first ? randomToken() : before.token };
    const batch = ++this.#batch;
    const messages = commitMessages(changes, {
      token: head.token,
      writer: this.#row.id,
      batch,
      before: before.revision,
      ended,
      reliesOn,
    });
    try {
      for (const message of messages) await session.run(message, answerTimeoutMs);
    } catch (error) {
      await this.#commitFailed(session, MysqlError.from(error), batch);
    }
    this.#row.noteDurable(revision);
    this.#host.memory.note(head);
    for (const { key, value } of changes) {
      this.bytesSinceMeasured += key.length + (value?.length ?? 0);
    }
  }

  /** Returns where the batch turns out to be committed. */
  async #commitFailed(session: MysqlSession, failure: MysqlError, batch: number): Promise<void> {
    const verdict = verdictOf(failure);
    this.#quietTurns = 0;
    if (verdict === "read-only") this.#host.failedOver();
    if (verdict !== "unknown") {
      await this.#rollback(session);
      if (failure.errno === outOfRange) this.#headMoved();
      throw writeError(failure);
    }
    session.destroy();
    const fence = ++this.#batch;
    try {
      await this.#retry("settle", settleForMs, () => this.#settle(batch, fence));
    } catch (error) {
      if (error instanceof TurnLostError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new OutcomeUnknownError(
        `Cannot tell whether the write was committed as its answer was lost (${failure.message}): ${why}`,
      );
    }
  }

  /**
   * By the time that the lock is ours, the old transaction has ended one way or the other, or has
   * not begun: then it finds the fence, and fails.
   */
  async #settle(batch: number, fence: number): Promise<void> {
    const session = await this.#open();
    const [, , , rows = []] = await session.run(
      [
        "BEGIN",
        `SELECT ${metaColumns} FROM kv_meta WHERE one = 1 FOR UPDATE`,
        // A change in any case, so that the commit makes durable what was found.
        this.#row.settleSql(batch, fence),
        `SELECT batch FROM kv_writer WHERE id = ${this.#row.id}`,
        "COMMIT",
      ],
      answerTimeoutMs,
    );
    const last = rows[0]?.[0];
    if (last === undefined || Number(last) === forgottenBatch)
      throw new UnavailableError("the database has forgotten this process");
    if (Number(last) !== batch)
      throw new TurnLostError("the connection was lost before the commit");
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
