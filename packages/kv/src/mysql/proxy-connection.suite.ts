import {
  faultName,
  obError,
  type Fault,
  type FaultPlan,
  type ObErrorName,
} from "./oceanbase-faults.suite.ts";
import { splitStatements, type Statement } from "./oceanbase-statement.suite.ts";
import { ObVariables } from "./oceanbase-variables.suite.ts";
import { BackendSession, type Login } from "./protocol-handshake.suite.ts";
import {
  errorAnswer,
  errorOf,
  isInTransaction,
  okAnswer,
  PacketSocket,
  withMore,
  type Answer,
} from "./protocol-packets.suite.ts";

/** The largest message that OceanBase takes. */
const maxMessageBytes = 16 * 1024 * 1024;

const command = { quit: 1, query: 3, ping: 14 };

/** What a connection asks of its proxy. */
export interface ProxyHost {
  readonly asOceanBase: boolean;
  readonly backendPort: number;
  readonly plan: FaultPlan | undefined;
  /** How long the answer to a commit is held back. */
  readonly commitDelayMs: number;
  readonly isLeaderAway: boolean;
  /** Resolves when the proxy is not frozen. */
  thawed(): Promise<void>;
  saw(statement: Statement): void;
  count(fault: string): void;
}

/** One client: a single session for it, and two of the server's behind it, in turns. */
export class ProxyConnection {
  readonly #host: ProxyHost;
  readonly #client: PacketSocket;
  readonly #login: Login;
  readonly #variables = new ObVariables();
  /** Statements that each session of the server has to begin with, and how many each has run. */
  readonly #sets: string[] = [];
  readonly #lanes: { session: BackendSession | undefined; applied: number }[];
  #lane = 0;
  #isOpen = false;
  #transactionEnds = Number.POSITIVE_INFINITY;
  #running: Statement | undefined;
  /** Why the transaction is gone, until the client is told. */
  #lost: ObErrorName | undefined;
  #isCommitBlurred = false;
  #guard: NodeJS.Timeout | undefined;

  constructor(host: ProxyHost, client: PacketSocket, login: Login) {
    this.#host = host;
    this.#client = client;
    this.#login = login;
    const lanes = host.asOceanBase ? 2 : 1;
    this.#lanes = Array.from({ length: lanes }, () => ({ session: undefined, applied: 0 }));
    if (host.asOceanBase) this.#sets.push("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  }

  /** Serves the client until it leaves or is cut. */
  async serve(): Promise<void> {
    try {
      await this.#take();
      for (;;) {
        const { payload } = await this.#client.next();
        await this.#host.thawed();
        const name = payload.readUInt8(0);
        if (name === command.quit) return;
        if (name === command.query) await this.#answer(payload.subarray(1));
        else if (name === command.ping) this.#client.send(okAnswer(2), 1);
        else this.#client.send(errorAnswer(1235, `Not supported: command ${name}`), 1);
      }
    } catch {
      // The client has left, or the server.
    } finally {
      this.destroy();
    }
  }

  /** Cuts the client; the server's sessions end with it. */
  destroy(): void {
    clearTimeout(this.#guard);
    this.#client.socket.destroy();
    for (const { session } of this.#lanes) session?.destroy();
  }

  /** The leader is another now: an open transaction is dead, and a commit under way is anybody's guess. */
  leaderSwitched(cut: boolean): void {
    if (this.#running?.kind === "commit") this.#isCommitBlurred = true;
    else if (this.#isOpen) this.#lose("rolledBack");
    if (cut) this.#client.socket.destroy();
  }

  async #answer(message: Buffer): Promise<void> {
    clearTimeout(this.#guard);
    if (this.#host.asOceanBase && message.length >= maxMessageBytes) {
      this.#client.send(obError("packetTooLarge"), 1);
      this.#client.socket.end();
      return;
    }
    if (!this.#isOpen && !this.#lost) await this.#take();
    const statements = splitStatements(message);
    let sequence = 1;
    for (const [i, statement] of statements.entries()) {
      const answer = await this.#run(statement);
      if (!answer) return this.destroy();
      // The server's clock goes on while the proxy is frozen.
      this.#guardIdle();
      await this.#host.thawed();
      clearTimeout(this.#guard);
      const isLast = i === statements.length - 1 || errorOf(answer) !== undefined;
      this.#client.send(isLast ? answer : withMore(answer), sequence);
      sequence += answer.length;
      if (isLast) break;
    }
    this.#guardIdle();
  }

  /** Absent: the connection is cut. */
  async #run(statement: Statement): Promise<Answer | undefined> {
    const { kind, head } = statement;
    this.#host.saw(statement);
    const own = this.#host.asOceanBase ? await this.#answerHere(statement) : undefined;
    if (own) return own;
    if (this.#lost) return this.#tellLost(statement);
    if (this.#host.isLeaderAway && kind !== "set" && kind !== "rollback") {
      await this.#rollBack();
      return obError("notMaster");
    }
    const point = { statement: kind, head, inTransaction: this.#isOpen };
    const fault = this.#host.plan?.next(point);
    if (!fault) return this.#pass(statement);
    this.#host.count(faultName(fault, point));
    return this.#fail(fault, statement);
  }

  async #fail(fault: Fault, statement: Statement): Promise<Answer | undefined> {
    switch (fault.kind) {
      case "error":
        if (!fault.keepsTransaction) await this.#rollBack();
        return obError(fault.error);
      case "unknown":
        await (fault.runs ? this.#pass(statement) : this.#rollBack());
        return obError("timeout");
      case "cut":
        if (fault.when === "before") return undefined;
        // What has reached the server goes on there, to the end of the message.
        this.#client.socket.destroy();
        return this.#pass(statement);
    }
  }

  /** What OceanBase says where the server behind would say something else. */
  async #answerHere({ kind, head }: Statement): Promise<Answer | undefined> {
    if (/^CREATE TABLEGROUP\b/i.test(head)) return okAnswer(2);
    if (kind !== "set") return undefined;
    const answer = this.#variables.set(head);
    if (answer && !errorOf(answer) && /ob_(trx_lock|query)_timeout/.test(head)) {
      await this.#keep(`SET SESSION innodb_lock_wait_timeout = ${this.#lockWaitSeconds()}`);
    }
    return answer;
  }

  async #pass(statement: Statement): Promise<Answer> {
    const { kind, head } = statement;
    this.#running = statement;
    try {
      const answer = this.#host.asOceanBase
        ? await this.#passAsOceanBase(statement)
        : await this.#query(statement.bytes);
      await this.#noteState(answer, kind);
      if (kind === "set" && !errorOf(answer) && !/^SET\s+(TRANSACTION\b|@\w)/i.test(head))
        this.#noteSet(head);
      if (kind !== "commit") return answer;
      const { commitDelayMs } = this.#host;
      if (commitDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, commitDelayMs));
      if (!this.#isCommitBlurred) return answer;
      this.#isCommitBlurred = false;
      return obError("timeout");
    } finally {
      this.#running = undefined;
    }
  }

  async #passAsOceanBase({ kind, head, bytes }: Statement): Promise<Answer> {
    if (kind === "show" && /^SHOW\s+(SESSION\s+|GLOBAL\s+)?VARIABLES/i.test(head)) {
      return this.#variables.shown(head, await this.#query(bytes));
    }
    if (kind === "ddl") return this.#query(head.replace(/\bTABLEGROUP\s*=?\s*\w+/i, ""));
    if (kind !== "lock") return this.#query(bytes);
    // The rows are those of when the statement began, however long the lock was waited for.
    const seen = await this.#query(head.replace(/\s+FOR UPDATE$/i, ""));
    const locked = await this.#query(bytes);
    return errorOf(locked) ? locked : seen;
  }

  async #query(sql: Buffer | string): Promise<Answer> {
    const { session } = this.#current();
    if (!session) throw new Error("The session is gone");
    const timeoutMs = this.#host.asOceanBase
      ? this.#variables.number("ob_query_timeout") / 1000
      : 600_000;
    const late = setTimeout(() => this.#lose("timeout"), timeoutMs);
    try {
      return await session.query(sql);
    } catch (error) {
      const lost = this.#lost;
      if (!lost) throw error;
      this.#lost = undefined;
      return obError(lost);
    } finally {
      clearTimeout(late);
    }
  }

  async #noteState(answer: Answer, kind: Statement["kind"]): Promise<void> {
    const wasOpen = this.#isOpen;
    // An error does not tell it.
    const state = errorOf(answer) && this.#current().session ? await this.#query("DO 0") : answer;
    this.#isOpen = isInTransaction(state);
    if (kind !== "begin" || !this.#isOpen || wasOpen) return;
    this.#transactionEnds = performance.now() + this.#variables.number("ob_trx_timeout") / 1000;
  }

  #noteSet(head: string): void {
    const lane = this.#current();
    this.#sets.push(head);
    lane.applied = this.#sets.length;
  }

  async #keep(sql: string): Promise<void> {
    await this.#query(sql);
    this.#noteSet(sql);
  }

  /** Turns to the next session of the server, brought to the same settings and nothing else. */
  async #take(): Promise<void> {
    this.#lane = (this.#lane + 1) % this.#lanes.length;
    const lane = this.#current();
    if (!lane.session || lane.session.isClosed) {
      const session = await BackendSession.open(this.#host.backendPort, this.#login);
      lane.session = session;
      lane.applied = 0;
      if (!this.#host.asOceanBase) void this.#passEnd(session);
    }
    while (lane.applied < this.#sets.length) {
      await lane.session.query(this.#sets[lane.applied] ?? "");
      lane.applied++;
    }
  }

  /** The client hears that the server has ended its session, unless the proxy is frozen. */
  async #passEnd(session: BackendSession): Promise<void> {
    await session.closed;
    await this.#host.thawed();
    this.#client.socket.destroy();
  }

  #current(): { session: BackendSession | undefined; applied: number } {
    const lane = this.#lanes[this.#lane];
    if (!lane) throw new Error("There is no such session");
    return lane;
  }

  async #rollBack(): Promise<void> {
    if (this.#isOpen) await this.#query("ROLLBACK");
    this.#isOpen = false;
  }

  #lose(why: ObErrorName): void {
    this.#lost = why;
    this.#isOpen = false;
    const lane = this.#current();
    lane.session?.destroy();
    lane.session = undefined;
  }

  async #tellLost(statement: Statement): Promise<Answer | undefined> {
    const lost = this.#lost ?? "rolledBack";
    this.#lost = undefined;
    await this.#take();
    if (statement.kind === "begin") return this.#run(statement);
    return statement.kind === "rollback" ? okAnswer(2) : obError(lost);
  }

  /** The server's own time-outs of a client that says nothing. */
  #guardIdle(): void {
    if (!this.#host.asOceanBase) return;
    const waitMs = this.#variables.number("wait_timeout") * 1000;
    const idleMs = this.#variables.number("ob_trx_idle_timeout") / 1000;
    const restMs = this.#transactionEnds - performance.now();
    const longest = 0x7fff_ffff;
    if (this.#isOpen) {
      const ms = Math.min(idleMs, restMs, longest);
      this.#guard = setTimeout(() => this.#lose("rolledBack"), ms);
    } else {
      this.#guard = setTimeout(() => this.destroy(), Math.min(waitMs, longest));
    }
  }

  #lockWaitSeconds(): number {
    const micros = this.#variables.number("ob_trx_lock_timeout");
    const most = this.#variables.number("ob_query_timeout");
    return Math.max(1, Math.ceil((micros < 0 ? most : Math.min(micros, most)) / 1_000_000));
  }
}
