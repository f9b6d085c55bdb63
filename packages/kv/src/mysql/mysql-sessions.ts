import { isPassing, MysqlError } from "./mysql-error.ts";
import { MysqlSession, type SqlRow } from "./mysql-session.ts";
import type { MysqlTarget } from "./mysql-url.ts";

/** How long statements are tried again that the server refuses for the moment, in milliseconds. */
const retryForMs = 4000;

/** A few sessions for reading, connected when they are needed and again when they are lost. */
export class MysqlSessions implements AsyncDisposable {
  readonly #target: MysqlTarget;
  readonly #setUp: readonly string[];
  #closed = false;
  readonly #lanes: (MysqlSession | Promise<MysqlSession> | undefined)[];

  constructor(
    target: MysqlTarget,
    { limit, setUp }: { readonly limit: number; readonly setUp: readonly string[] },
  ) {
    this.#target = target;
    this.#setUp = setUp;
    this.#lanes = Array.from({ length: limit }, () => undefined);
  }

  /**
   * Runs statements that only read, or that may run twice, on the session that has least to do; once
   * more where a session had died unnoticed, and for a while where the server says that it will pass.
   * @throws {MysqlError}
   */
  async read(statements: readonly string[], timeoutMs: number): Promise<readonly SqlRow[][]> {
    const deadline = performance.now() + Math.min(timeoutMs, retryForMs);
    for (let attempt = 0, losses = 0; ; attempt++) {
      let session: MysqlSession | undefined;
      try {
        session = await this.#take();
        return await session.run(statements, timeoutMs);
      } catch (error) {
        if (!(error instanceof MysqlError)) throw error;
        const isLost = session?.isClosed === true && error.code !== "ETIMEDOUT";
        if (isLost && losses++ === 0) continue;
        if (!isPassing(error) || performance.now() > deadline) throw error;
        // A transaction that it may have open goes with it.
        if (statements[0] === "BEGIN") session?.destroy();
        const pauseMs = Math.random() * Math.min(10 * 2 ** attempt, 200);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** Runs statements once, whatever comes of them. @throws {MysqlError} */
  async once(statements: readonly string[], timeoutMs: number): Promise<readonly SqlRow[][]> {
    return (await this.#take()).run(statements, timeoutMs);
  }

  /** Ends all sessions: the next statement resolves the server's name again. */
  dropAll(): void {
    for (const [i, lane] of this.#lanes.entries()) {
      if (lane instanceof MysqlSession) lane.destroy();
      this.#lanes[i] = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const lanes = this.#lanes.splice(0);
    await Promise.allSettled(lanes.map(async (lane) => (await lane)?.[Symbol.asyncDispose]()));
  }

  #take(): MysqlSession | Promise<MysqlSession> {
    if (this.#closed) throw new MysqlError("the store is closed", { errno: 0, code: "EPIPE" });
    let best = 0;
    let bestPending = Number.POSITIVE_INFINITY;
    for (const [i, lane] of this.#lanes.entries()) {
      if (lane instanceof Promise) continue;
      const pending = lane && !lane.isClosed ? lane.pending : 0.5;
      if (pending >= bestPending) continue;
      best = i;
      bestPending = pending;
    }
    const lane = this.#lanes[best];
    if (lane instanceof Promise || (lane && !lane.isClosed)) return lane;
    return this.#connect(best);
  }

  #connect(i: number): Promise<MysqlSession> {
    const connecting = MysqlSession.open(this.#target, this.#setUp);
    this.#lanes[i] = connecting;
    return connecting.then(
      (session) => {
        if (this.#lanes[i] === connecting) this.#lanes[i] = session;
        return session;
      },
      (error: unknown) => {
        if (this.#lanes[i] === connecting) this.#lanes[i] = undefined;
        throw error;
      },
    );
  }
}
