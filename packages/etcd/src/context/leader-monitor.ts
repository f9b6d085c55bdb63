import type { MvccStore } from "@cellplane/kv";
import type { Metadata } from "@cellplane/grpc";

// As etcd counts: so many looks in a row that found no leader.
const defaultLookEveryMs = 1000;
const looksUntilLost = 3;

/** Whether the caller would rather lose its stream than wait while there is no leader. */
export function wantsLeader(metadata: Metadata): boolean {
  return metadata["hasleader"] === "true";
}

/** Looks at the store while somebody wants to know when it is away: what etcd calls to have no leader. */
export class LeaderMonitor {
  readonly #store: MvccStore;
  readonly #lookEveryMs: number;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #failed = 0;

  constructor(store: MvccStore, lookEveryMs: number = defaultLookEveryMs) {
    this.#store = store;
    this.#lookEveryMs = lookEveryMs;
  }

  /** Calls `lost` once the store has been away for some seconds, at once if it is; gives what ends that. */
  watch(lost: () => void): () => void {
    if (this.#failed >= looksUntilLost) lost();
    this.#listeners.add(lost);
    this.#schedule();
    return () => this.#listeners.delete(lost);
  }

  #schedule(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => void this.#look(), this.#lookEveryMs).unref();
  }

  async #look(): Promise<void> {
    this.#failed = (await this.#isThere()) ? 0 : this.#failed + 1;
    if (this.#failed === looksUntilLost) {
      for (const lost of [...this.#listeners]) lost();
    }
    this.#timer = undefined;
    // Goes on while it is away, so that those who come next are told how things are.
    if (this.#listeners.size > 0 || this.#failed > 0) this.#schedule();
  }

  /** A store that does not answer in time is away, too. */
  #isThere(): Promise<boolean> {
    return new Promise((resolve) => {
      // An answer that came while this process was busy is in time.
      const giveUp = (): unknown => setImmediate(() => resolve(false));
      const late = setTimeout(giveUp, this.#lookEveryMs);
      const tell = (isThere: boolean): void => {
        clearTimeout(late);
        resolve(isThere);
      };
      // From within a promise, so that a store that throws is away as well.
      Promise.resolve()
        .then(() => this.#store.headRevision())
        .then(
          () => tell(true),
          () => tell(false),
        );
    });
  }
}
