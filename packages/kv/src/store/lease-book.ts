import { DueQueue, type Due } from "./due-queue.ts";
import type { KeyText } from "./key-text.ts";
import { LeaseKeys } from "./lease-keys.ts";
import type { Lease } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** A shorter lease gets this time, as etcd gives with its default election time-out. */
export const minLeaseSeconds: number = 2;

/** The longest lease, as in etcd. */
export const maxLeaseSeconds: number = 9_000_000_000;

/** What a transaction sees of the leases. */
export interface LeaseView {
  has(id: number): boolean;
  /** Whether its time is over. */
  isDue(id: number): boolean;
  /** The keys attached to a lease, in no order. */
  keysOf(id: number): Iterable<KeyText>;
}

interface Entry extends Lease, Due {}

/**
 * The leases of one process: what is attached to them, and when they are due by its clock. A
 * million leases cost no more than a few: what is due first is known without looking at the others.
 */
export class LeaseBook implements LeaseView {
  readonly #nowMs: () => number;
  readonly #leases = new Map<number, Entry>();
  readonly #queue = new DueQueue<Entry>();
  readonly #keys = new LeaseKeys();

  /** @param nowMs by what leases are measured */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How much finding out what is due has cost so far, in comparisons. */
  get steps(): number {
    return this.#queue.steps;
  }

  has(id: number): boolean {
    return this.#leases.has(id);
  }

  isDue(id: number): boolean {
    return (this.#leases.get(id)?.dueMs ?? 0) <= this.#nowMs();
  }

  keysOf(id: number): Iterable<KeyText> {
    return this.#keys.of(id);
  }

  /** The lease, and when it is due. */
  get(id: number): (Lease & { readonly dueMs: number }) | undefined {
    return this.#leases.get(id);
  }

  /** Adds a lease with its whole time. */
  add({ id, ttlSeconds }: Lease): void {
    this.remove(id);
    const entry = { id, ttlSeconds, dueMs: this.#nowMs() + ttlSeconds * 1000, isOver: false };
    this.#leases.set(id, entry);
    this.#queue.add(entry);
  }

  remove(id: number): void {
    const entry = this.#leases.get(id);
    if (!entry) return;
    this.#leases.delete(id);
    this.#queue.end(entry);
  }

  /** Gives a lease its whole time again. */
  renew(id: number): void {
    const entry = this.#leases.get(id);
    if (entry) entry.dueMs = Math.max(entry.dueMs, this.#nowMs() + entry.ttlSeconds * 1000);
  }

  /** Notes what a committed change does to its key's lease; `before` is the key's row so far. */
  apply(change: LogChange, before: LogChange | undefined): void {
    this.#keys.apply(change, before);
  }

  /** Leases in the order in which they are due. */
  byDue(): readonly (Lease & { readonly dueMs: number })[] {
    return [...this.#leases.values()].sort((a, b) => a.dueMs - b.dueMs || a.id - b.id);
  }

  /** At most `limit` leases that are due. */
  due(limit: number): readonly number[] {
    return this.#queue.due(this.#nowMs(), limit).map(({ id }) => id);
  }

  /** When the first lease is due; `undefined` where there is none. */
  firstDueMs(): number | undefined {
    return this.#queue.first()?.dueMs;
  }
}
