import type { KeyText } from "./key-text.ts";
import type { Lease } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** A shorter lease gets this time, as etcd gives with its default election time-out. */
export const minLeaseSeconds: number = 2;

/** The longest lease, as in etcd. */
export const maxLeaseSeconds: number = 9_000_000_000;

/** What a transaction sees of the leases. */
export interface LeaseView {
  has(id: number): boolean;
  /** The keys attached to a lease, in no order. */
  keysOf(id: number): Iterable<KeyText>;
}

interface Entry extends Lease {
  dueMs: number;
  readonly keys: Set<KeyText>;
}

/** The leases of one process: what is attached to them, and when they are due by its clock. */
export class LeaseBook implements LeaseView {
  readonly #leases = new Map<number, Entry>();

  has(id: number): boolean {
    return this.#leases.has(id);
  }

  keysOf(id: number): Iterable<KeyText> {
    return this.#leases.get(id)?.keys ?? [];
  }

  /** The lease, and when it is due. */
  get(id: number): (Lease & { readonly dueMs: number }) | undefined {
    return this.#leases.get(id);
  }

  add({ id, ttlSeconds }: Lease, nowMs: number): void {
    this.#leases.set(id, { id, ttlSeconds, dueMs: nowMs + ttlSeconds * 1000, keys: new Set() });
  }

  remove(id: number): void {
    this.#leases.delete(id);
  }

  /** Gives a lease its whole time again. */
  renew(id: number, nowMs: number): void {
    const entry = this.#leases.get(id);
    if (entry) entry.dueMs = nowMs + entry.ttlSeconds * 1000;
  }

  /** Notes what a committed change does to its key's lease; `before` is the key's row so far. */
  apply(change: LogChange, before: LogChange | undefined): void {
    if (before && before.lease !== change.lease) {
      this.#leases.get(before.lease)?.keys.delete(change.key);
    }
    if (change.lease !== 0) this.#leases.get(change.lease)?.keys.add(change.key);
  }

  /** Leases in the order in which they are due. */
  byDue(): readonly (Lease & { readonly dueMs: number })[] {
    return [...this.#leases.values()].sort((a, b) => a.dueMs - b.dueMs || a.id - b.id);
  }

  /** At most `limit` leases that are due. */
  due(nowMs: number, limit: number): readonly number[] {
    const due: number[] = [];
    for (const { id, dueMs } of this.#leases.values()) {
      if (dueMs > nowMs) continue;
      due.push(id);
      if (due.length === limit) break;
    }
    return due;
  }

  /** When the first lease is due; `undefined` where there is none. */
  firstDueMs(): number | undefined {
    let first: number | undefined;
    for (const { dueMs } of this.#leases.values()) {
      if (first === undefined || dueMs < first) first = dueMs;
    }
    return first;
  }
}
