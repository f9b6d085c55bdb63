import { databaseNowMs } from "./lease-sql.ts";
import { MysqlSessions } from "./mysql-sessions.ts";
import { sessionSetUp, type MysqlServer } from "./mysql-settings.ts";
import type { MysqlTarget } from "./mysql-url.ts";
import type { Revision } from "../store/mvcc-store.ts";

/** How long one message may wait for its answer: the lock wait, and a slow disk. */
export const answerTimeoutMs = 8000;

/** How often a writer tells that it lives, and after how long without that its row goes. */
const signEveryMs = 600_000;
const writerLifeMs = 24 * 3_600_000;

/** Before schema 2 the column was a count. */
const firstTimeMs = 1_000_000_000_000;

/** The batch of a writer whose row had gone: nobody knows what became of its last one. */
export const forgottenBatch = -1;

/** A change in any case, so that its commit makes durable what was there before it. */
const markedSql = `marks = GREATEST(marks + 1, ${databaseNowMs})`;

const purgeWriters = `DELETE FROM kv_writer WHERE marks >= ${firstTimeMs} AND marks < ${databaseNowMs} - ${writerLifeMs}`;

/** This process among the writers: its row in `kv_writer`, and the commits by which it makes others' durable. */
export class WriterRow implements AsyncDisposable {
  readonly id: number;
  readonly #server: MysqlServer;
  /** Beside the session that may be in a turn. */
  readonly #sessions: MysqlSessions;
  #isRegistered = false;
  #durableThrough: Revision = 0;
  readonly #signs: NodeJS.Timeout;

  constructor(
    id: number,
    { target, server }: { readonly target: MysqlTarget; readonly server: MysqlServer },
  ) {
    this.id = id;
    this.#server = server;
    this.#sessions = new MysqlSessions(target, { limit: 1, setUp: sessionSetUp(server.flavor) });
    this.#signs = setInterval(() => void this.#signOfLife(), signEveryMs).unref();
  }

  /** A change of this row that says nothing. */
  get markSql(): string {
    return `UPDATE kv_writer SET ${markedSql} WHERE id = ${this.id}`;
  }

  /**
   * Says that a batch is known to be committed, or else keeps it from being so: its message may
   * still be on its way. The number that the row then has tells which.
   */
  settleSql(batch: number, fence: number): string {
    return `UPDATE kv_writer SET batch = IF(batch IN (${batch}, ${forgottenBatch}), batch, ${fence}), ${markedSql} WHERE id = ${this.id}`;
  }

  /** Everything up to a revision is durable. */
  noteDurable(through: Revision): void {
    this.#durableThrough = Math.max(this.#durableThrough, through);
  }

  /**
   * Makes everything durable that could be seen before the call, by a commit of our own.
   * @throws {MysqlError | UnavailableError}
   */
  async makeDurable(through: Revision): Promise<void> {
    if (!this.#server.showsBeforeDurable || through <= this.#durableThrough) return;
    await this.markDurable();
    this.noteDurable(through);
  }

  /** Makes everything durable that could be seen before the call and is no revision, as leases are. */
  async markDurable(): Promise<void> {
    if (!this.#server.showsBeforeDurable) return;
    await this.register();
    await this.#sessions.read([this.markSql], answerTimeoutMs);
  }

  /** Makes the row of this process, once. */
  async register(): Promise<void> {
    if (this.#isRegistered) return;
    const sql = `INSERT IGNORE INTO kv_writer VALUES (${this.id}, 0, 0, 0, ${databaseNowMs})`;
    await this.#sessions.read([sql, purgeWriters], answerTimeoutMs);
    this.#isRegistered = true;
  }

  /** Ends the session; the next statement connects again. */
  dropSession(): void {
    this.#sessions.dropAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#signs);
    if (this.#isRegistered) {
      const farewell = [`DELETE FROM kv_writer WHERE id = ${this.id}`];
      await this.#sessions.read(farewell, 1000).catch(() => undefined);
    }
    await this.#sessions[Symbol.asyncDispose]();
  }

  /** Tells that this process lives, and forgets those that have long been dead. */
  async #signOfLife(): Promise<void> {
    if (!this.#isRegistered) return;
    const sql = `INSERT INTO kv_writer VALUES (${this.id}, ${forgottenBatch}, 0, 0, ${databaseNowMs}) ON DUPLICATE KEY UPDATE ${markedSql}`;
    try {
      await this.#sessions.read([sql, purgeWriters], answerTimeoutMs);
    } catch {
      // The next sign comes long before this process counts as dead.
    }
  }
}
