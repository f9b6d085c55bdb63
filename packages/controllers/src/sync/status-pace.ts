// Members that change faster than ten times a second are reported together.
const intervalMs = 100;
// Few changes in a row are told at once: a rollout's steps, two members' answers.
const burst = 3;

interface Pace {
  /** When the next change would be told if there were no burst. */
  paidUntilMs: number;
  /** When the change that is delayed is told. */
  dueMs: number;
}

/** How long what happens to an object in its members waits, so that changes are reported together. */
export class StatusPace {
  readonly #paces = new Map<string, Pace>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until an object's change is to be told; all that come meanwhile go with it. */
  delayFor(key: string): number {
    const now = this.#nowMs();
    const pace = this.#paces.get(key) ?? { paidUntilMs: now, dueMs: now };
    if (pace.dueMs > now) return pace.dueMs - now;
    const paidUntilMs = Math.max(pace.paidUntilMs, now);
    const dueMs = Math.max(now, paidUntilMs - (burst - 1) * intervalMs);
    this.#paces.set(key, { paidUntilMs: paidUntilMs + intervalMs, dueMs });
    return dueMs - now;
  }

  /** Forgets an object that is gone. */
  forget(key: string): void {
    this.#paces.delete(key);
  }
}
