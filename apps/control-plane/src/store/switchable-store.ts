import { ForwardingStore, type MvccStore } from "@cellplane/kv";

/**
 * A store that another takes the place of, while it is served, when it is restored. Between the two
 * it is closed: requests fail as to be tried again, and watches end and begin anew.
 */
export class SwitchableStore extends ForwardingStore {
  #current: MvccStore;

  constructor(first: MvccStore) {
    super({ store: () => this.#current });
    this.#current = first;
  }

  /** Closes the store, and goes on with the one that `next` opens, which must open one in any case. */
  async replace(next: () => Promise<MvccStore>): Promise<void> {
    await this.#current[Symbol.asyncDispose]();
    this.#current = await next();
  }
}
