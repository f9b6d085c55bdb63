import type { MemberLimiter } from "./member-limiter.ts";

/** Thrown instead of waiting for a member that has enough to do already. */
export class MemberBusyError extends Error {
  override readonly name: string = "MemberBusyError";
  /** When its turn is, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

// What is worth waiting for with a worker.
const maxTurnMs = 100;

// Two seconds without an answer to any of four writes: more of them would only hold up workers
// that others' objects need.
const maxWaiting = 4;
const patienceMs = 2000;

/**
 * Lets writes through to one member, but not ever more of them once it has stopped answering: a
 * member that hangs holds up at most four workers, until it answers or is found not ready.
 */
export class WriteGate {
  readonly #startedMs = new Set<{ readonly atMs: number }>();
  readonly #nowMs: () => number;
  readonly #limiter: Pick<MemberLimiter, "ask"> | undefined;

  constructor(nowMs: () => number, limiter?: Pick<MemberLimiter, "ask">) {
    this.#nowMs = nowMs;
    this.#limiter = limiter;
  }

  /**
   * Runs a write. `ticket` names it: one that has to wait for its turn keeps it by coming back.
   *
   * @throws {MemberBusyError} At once, where the member leaves earlier writes unanswered or where
   * its turn is not now.
   */
  async run<T>(write: () => Promise<T>, ticket = ""): Promise<T> {
    const atMs = this.#nowMs();
    const [oldest] = this.#startedMs;
    if (oldest && this.#startedMs.size >= maxWaiting && atMs - oldest.atMs > patienceMs) {
      const seconds = Math.round((atMs - oldest.atMs) / 1000);
      throw new MemberBusyError(
        `the member has not answered ${this.#startedMs.size} earlier writes for ${seconds} s`,
      );
    }
    await this.#takeTurn(ticket);
    const started = { atMs: this.#nowMs() };
    this.#startedMs.add(started);
    try {
      return await write();
    } finally {
      this.#startedMs.delete(started);
    }
  }

  async #takeTurn(ticket: string): Promise<void> {
    for (;;) {
      const waitMs = this.#limiter?.ask(ticket) ?? 0;
      if (waitMs <= 0) return;
      if (waitMs > maxTurnMs) {
        const message = "the member gets no more requests just now, and this write waits its turn";
        throw new MemberBusyError(message, waitMs);
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
