/** Something that is to run only while it is needed. */
export interface Demand {
  /** Asked again whenever `subscribe` tells. */
  readonly isWanted: () => boolean;
  readonly subscribe: (listener: () => void, signal: AbortSignal) => void;
  /** Lasts until its signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Starts and stops something as it comes to be needed, until `signal` aborts. */
export async function runWhile(demand: Demand, signal: AbortSignal): Promise<void> {
  let changed = Promise.withResolvers<void>();
  const wake = (): void => changed.resolve();
  demand.subscribe(wake, signal);
  signal.addEventListener("abort", wake, { once: true });
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  while (!signal.aborted) {
    changed = Promise.withResolvers<void>();
    const isWanted = demand.isWanted();
    if (isWanted && !running) {
      const stop = new AbortController();
      running = { stop, ended: demand.run(AbortSignal.any([signal, stop.signal])) };
    }
    if (!isWanted && running) {
      running.stop.abort();
      await running.ended;
      running = undefined;
    }
    await changed.promise;
  }
  await running?.ended;
}
