import type { Revision } from "../store/mvcc-store.ts";

/** Reads the head for many at once: each gets a read that began after it asked. */
export class HeadReader {
  readonly #readHead: () => Promise<Revision>;
  #running: Promise<Revision> | undefined;
  #next: Promise<Revision> | undefined;

  constructor(readHead: () => Promise<Revision>) {
    this.#readHead = readHead;
  }

  read(): Promise<Revision> {
    if (!this.#running) return this.#start();
    const begin = (): Promise<Revision> => {
      this.#next = undefined;
      return this.#start();
    };
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }

  #start(): Promise<Revision> {
    const running = this.#readHead();
    this.#running = running;
    const clear = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(clear, clear);
    return running;
  }
}
