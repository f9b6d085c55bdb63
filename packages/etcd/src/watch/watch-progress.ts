/** Whoever can be asked how far it has been handed everything. */
export interface ProgressSource {
  requestProgress(): void;
}

/**
 * Progress of a whole stream: R is told only when every one of its watches has been handed
 * everything up to R. One that starts in the future has not, so the stream is silent until then.
 */
export class WatchProgress {
  readonly #tell: (revision: number) => void;
  /** Those that have not answered yet; absent while nobody asks. */
  #waitingFor: Set<ProgressSource> | undefined;
  #revision = Number.POSITIVE_INFINITY;

  constructor(tell: (revision: number) => void) {
    this.#tell = tell;
  }

  /** Asks all watches of the stream anew; an earlier question is answered with this one. */
  ask(sources: Iterable<ProgressSource>): void {
    const all = [...sources];
    this.#waitingFor = new Set(all);
    this.#revision = Number.POSITIVE_INFINITY;
    for (const source of all) source.requestProgress();
  }

  /** A watch has joined the stream: a question that is open concerns it, too. */
  join(source: ProgressSource): void {
    if (!this.#waitingFor) return;
    this.#waitingFor.add(source);
    source.requestProgress();
  }

  /** A watch has been handed everything up to `revision`; tells whether it was asked. */
  reached(source: ProgressSource, revision: number): boolean {
    if (!this.#waitingFor?.delete(source)) return false;
    this.#revision = Math.min(this.#revision, revision);
    this.#tellIfAll();
    return true;
  }

  /** A watch has left the stream. */
  leave(source: ProgressSource): void {
    if (this.#waitingFor?.delete(source)) this.#tellIfAll();
  }

  #tellIfAll(): void {
    if (this.#waitingFor?.size !== 0) return;
    this.#waitingFor = undefined;
    if (this.#revision !== Number.POSITIVE_INFINITY) this.#tell(this.#revision);
  }
}
