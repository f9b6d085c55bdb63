import type { Revision } from "../store/mvcc-store.ts";

/** A request for progress. */
interface Ask {
  /** Calls that began later tell a head that is new enough. */
  readonly afterCall: number;
  /** The head after it was made, once that is known. */
  target: Revision | undefined;
}

/** The requests for progress of one watch that have no answer yet. */
export class ProgressAsks {
  #asks: Ask[] = [];

  get isEmpty(): boolean {
    return this.#asks.length === 0;
  }

  /** Whether the head is not known yet that one of them asks for. */
  get isHeadMissing(): boolean {
    return this.#asks.some(({ target }) => target === undefined);
  }

  /** One is made while `lastCall` is the number of the last call that began. */
  add(lastCall: number): void {
    this.#asks.push({ afterCall: lastCall, target: undefined });
  }

  /** All are made anew. */
  renew(lastCall: number): void {
    this.#asks = this.#asks.map(() => ({ afterCall: lastCall, target: undefined }));
  }

  /** The head was `revision` while a call was under way. */
  headFound(revision: Revision, call: number): void {
    for (const ask of this.#asks) if (ask.afterCall < call) ask.target ??= revision;
  }

  /** Whether one asks for a revision from `next` on. */
  wants(next: Revision): boolean {
    return this.#asks.some(({ target }) => target !== undefined && target >= next);
  }

  /** Drops those that everything up to `reached` answers; tells whether there are any. */
  answer(reached: Revision): boolean {
    const left = this.#asks.filter(({ target }) => target === undefined || target > reached);
    const isAny = left.length < this.#asks.length;
    this.#asks = left;
    return isAny;
  }

  clear(): void {
    this.#asks = [];
  }
}
