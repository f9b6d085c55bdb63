/** Where a change stands in etcd's log: its revision, and its place among the changes of that. */
export interface LogPlace {
  readonly revision: number;
  readonly sub: number;
}

/** Gives changes that come in the order of their revisions their places. */
export class LogPlaces {
  #revision = 0;
  #sub = 0;

  next(revision: number): LogPlace {
    this.#sub = revision === this.#revision ? this.#sub + 1 : 0;
    this.#revision = revision;
    return { revision, sub: this.#sub };
  }
}
