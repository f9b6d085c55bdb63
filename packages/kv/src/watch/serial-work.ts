/** Runs pieces of work one after another, in the order in which they came. */
export class SerialWork {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work when everything before it has ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves when what has come so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
