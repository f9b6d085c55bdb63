import type { KeyText } from "./key-text.ts";
import type { LogChange } from "./revision-log.ts";

/** Which live keys are attached to which lease, whether or not there is such a lease. */
export class LeaseKeys {
  readonly #keys = new Map<number, Set<KeyText>>();

  /** The keys attached to a lease, in no order. */
  of(lease: number): Iterable<KeyText> {
    return this.#keys.get(lease) ?? [];
  }

  /** Notes what a committed change does to its key's lease; `before` is the key's row so far. */
  apply(change: LogChange, before: LogChange | undefined): void {
    if (before && before.lease !== 0 && before.lease !== change.lease) {
      this.#detach(before.lease, change.key);
    }
    if (change.lease !== 0) this.#attach(change.lease, change.key);
  }

  /** Becomes what others are. */
  replaceWith(other: LeaseKeys): void {
    this.#keys.clear();
    for (const [lease, keys] of other.#keys) this.#keys.set(lease, keys);
  }

  #attach(lease: number, key: KeyText): void {
    const keys = this.#keys.get(lease);
    if (keys) keys.add(key);
    else this.#keys.set(lease, new Set([key]));
  }

  #detach(lease: number, key: KeyText): void {
    const keys = this.#keys.get(lease);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(lease);
  }
}
