import type { Logger } from "@cellplane/apiserver";
import { CompactedError, type MvccStore, type Revision } from "@cellplane/kv";

/** kube-apiserver's own interval: history is kept for five to ten minutes. */
export const compactionIntervalMs: number = 5 * 60_000;

/** Forgets old history of a store, so that its log does not grow for ever. */
export class Compactor {
  readonly #store: MvccStore;
  readonly #logger: Logger;
  #before: Revision | undefined;

  constructor(store: MvccStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * One round: compacts to the revision that was the head in the round before, so that every
   * revision can be asked for during at least one interval. A failed round is made up for by the
   * next.
   */
  async round(): Promise<void> {
    const target = this.#before;
    try {
      this.#before = await this.#store.headRevision();
      if (target !== undefined && target > 1) await this.#store.compact(target);
    } catch (error) {
      // Another process has compacted as far already.
      if (error instanceof CompactedError) return;
      this.#logger.warn({ err: error }, "history could not be compacted and grows");
    }
  }
}

/** Runs a round every interval until disposed. */
export function startCompactor(
  store: MvccStore,
  logger: Logger,
  intervalMs: number = compactionIntervalMs,
): Disposable {
  const compactor = new Compactor(store, logger);
  const timer = setInterval(() => void compactor.round(), intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
