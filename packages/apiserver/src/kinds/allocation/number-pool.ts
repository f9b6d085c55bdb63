/** Numbers of one range to give away: what is in use, and what is promised to writes under way. */
export interface NumberPoolOptions {
  readonly first: number;
  readonly last: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A number from 0 up to, not including, `below`. */
  readonly random: (below: number) => number;
}

/** How long a number stays promised to a write that never came to be. */
const promiseMs = 60_000;

/**
 * Free numbers of a range. A number that is taken is promised for a minute: a write that fails
 * needs no clean-up, and one that succeeds is told by `use` long before.
 */
export class NumberPool {
  readonly #options: NumberPoolOptions;
  /** Number → how many objects use it. */
  readonly #used = new Map<number, number>();
  /** Number → until when it is promised. */
  readonly #promised = new Map<number, number>();

  constructor(options: NumberPoolOptions) {
    this.#options = options;
  }

  /** Counts a use, told by a watch. */
  use(number: number): void {
    this.#promised.delete(number);
    this.#used.set(number, (this.#used.get(number) ?? 0) + 1);
  }

  /** Counts one use less. */
  release(number: number): void {
    const left = (this.#used.get(number) ?? 0) - 1;
    if (left > 0) this.#used.set(number, left);
    else this.#used.delete(number);
  }

  /** Whether a number belongs to the range. */
  contains(number: number): boolean {
    return number >= this.#options.first && number <= this.#options.last;
  }

  isFree(number: number): boolean {
    const until = this.#promised.get(number);
    return !this.#used.has(number) && (until === undefined || until <= this.#options.clock());
  }

  /** Promises a number. A dry run only looks. */
  promise(number: number): void {
    this.#promised.set(number, this.#options.clock() + promiseMs);
  }

  /** A free number, by chance, so that two replicas hardly choose the same; nothing if all are used. */
  find(): number | undefined {
    const { first, last, random } = this.#options;
    const size = last - first + 1;
    const start = random(size);
    for (let step = 0; step < size; step += 1) {
      const number = first + ((start + step) % size);
      if (this.isFree(number)) return number;
    }
    return undefined;
  }
}
