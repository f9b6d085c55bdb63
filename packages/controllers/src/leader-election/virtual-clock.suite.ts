interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];

  readonly nowMs = (): number => this.#nowMs;

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { atMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        resolve();
      });
    });
  };

  /** Lets time pass: everything due is woken in its order, and runs until it waits again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = this.#sleepers
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((left, right) => left.atMs - right.atMs);
      const [first] = due;
      if (!first) break;
      this.#sleepers = this.#sleepers.filter((each) => each !== first);
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.wake();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Lets all that is ready run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}
