/** When watches are written to, and end by themselves. */
export interface WatchClock {
  /** Runs at the end of this turn, together with what other watches have to write. */
  readonly soon: (flush: () => void) => void;
  /** Runs once after some milliseconds, until disposed. */
  readonly after: (ms: number, run: () => void) => Disposable;
  /** Drawn from [0, 1). */
  readonly random: () => number;
}

/** The clock of the event loop. Its timers keep no process alive. */
export function createWatchClock(): WatchClock {
  let waiting: (() => void)[] = [];
  const flushAll = (): void => {
    const flushes = waiting;
    waiting = [];
    for (const flush of flushes) flush();
  };
  return {
    soon: (flush) => {
      waiting.push(flush);
      if (waiting.length === 1) setImmediate(flushAll);
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      timer.unref();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    random: Math.random,
  };
}
