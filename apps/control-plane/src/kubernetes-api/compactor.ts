import type { Logger } from "@cellplane/apiserver";
import { CompactedError, type MvccStore, type Revision } from "@cellplane/kv";

/** kube-apiserver's own interval: history is kept for five to ten minutes. */
export const compactionIntervalMs: number = 5 * 60_000;

/** The key by which several servers on one store agree who compacts; kube-apiserver's own. */
const turnKey: Buffer = Buffer.from("compact_rev_key");

/** Settings of a compactor. */
export interface CompactorOptions {
  readonly logger: Logger;
  /** Whether other processes have the store open, which compact it, too. */
  readonly isShared: boolean;
}

/** Forgets old history of a store, so that its log does not grow for ever. */
export class Compactor {
  readonly #store: MvccStore;
  readonly #options: CompactorOptions;
  #before: Revision | undefined;
  /** The number of turns that were taken before, by whomever. */
  #turns = 0;

  constructor(store: MvccStore, options: CompactorOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * One round: compacts to the revision that was the head in the round before, so that every
   * revision can be asked for during at least one interval. A failed round is made up for by the
   * next. Of several servers on one store one takes the turn, and the others see that it was taken.
   */
  async round(): Promise<void> {
    const target = this.#before;
    try {
      this.#before = await this.#store.headRevision();
      if (this.#options.isShared && !(await this.#takeTurn())) return;
      if (target !== undefined && target > 1) await this.#store.compact(target);
    } catch (error) {
      // Another process has compacted as far already.
      if (error instanceof CompactedError) return;
      this.#options.logger.warn({ err: error }, "history could not be compacted and grows");
    }
  }

  /** Takes the turn, unless somebody has since this server looked last. */
  async #takeTurn(): Promise<boolean> {
    const value = Buffer.from(String(this.#before ?? 0));
    const { succeeded, revision, results } = await this.#store.txn({
      compare: [{ key: turnKey, target: "version", result: "equal", operand: this.#turns }],
      success: [{ kind: "put", key: turnKey, value }],
      failure: [{ kind: "range", key: turnKey }],
    });
    if (succeeded) {
      this.#turns += 1;
      this.#before = revision;
      return true;
    }
    const [read] = results;
    this.#turns = read?.kind === "range" ? (read.kvs[0]?.version ?? 0) : 0;
    return false;
  }
}

/** Runs a round every interval until disposed. */
export function startCompactor(
  store: MvccStore,
  options: CompactorOptions,
  intervalMs: number = compactionIntervalMs,
): Disposable {
  const compactor = new Compactor(store, options);
  const timer = setInterval(() => void compactor.round(), intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
