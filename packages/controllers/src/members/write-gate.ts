/** Thrown instead of waiting for a member that does not answer the writes it has already. */
export class MemberBusyError extends Error {
  override readonly name: string = "MemberBusyError";
}

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

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Runs a write.
   *
   * @throws {MemberBusyError} At once, where the member leaves earlier writes unanswered.
   */
  async run<T>(write: () => Promise<T>): Promise<T> {
    const atMs = this.#nowMs();
    const [oldest] = this.#startedMs;
    if (oldest && this.#startedMs.size >= maxWaiting && atMs - oldest.atMs > patienceMs) {
      const seconds = Math.round((atMs - oldest.atMs) / 1000);
      throw new MemberBusyError(
        `the member has not answered ${this.#startedMs.size} earlier writes for ${seconds} s`,
      );
    }
    const started = { atMs };
    this.#startedMs.add(started);
    try {
      return await write();
    } finally {
      this.#startedMs.delete(started);
    }
  }
}
