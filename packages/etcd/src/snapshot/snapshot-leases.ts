import { type KeyValue, type MvccStore, minLeaseSeconds } from "@cellplane/kv";

/** A lease as a snapshot keeps it. */
export interface SnapshotLease {
  readonly id: number;
  readonly ttlSeconds: number;
}

/**
 * Finds the leases of a snapshot: those that there are, and those that a key of the snapshot's
 * revision still has while they have ended since, so that such a key does not stay for ever.
 */
export class SnapshotLeases {
  readonly #store: MvccStore;
  readonly #known: Map<number, number>;
  /** Of the keys that have an unknown lease, which one. */
  readonly #unknown = new Map<string, number>();

  private constructor(store: MvccStore, known: readonly SnapshotLease[]) {
    this.#store = store;
    this.#known = new Map(known.map(({ id, ttlSeconds }) => [id, ttlSeconds]));
  }

  /** To be read before the revision is chosen. */
  static async read(store: MvccStore): Promise<SnapshotLeases> {
    return new SnapshotLeases(store, (await store.leases?.list()) ?? []);
  }

  /** Notes what has become of a key, in the order of its changes. */
  note({ key, lease }: KeyValue): void {
    const isUnknown = lease !== 0 && !this.#known.has(lease);
    if (isUnknown) this.#unknown.set(key.toString("latin1"), lease);
    else if (this.#unknown.size > 0) this.#unknown.delete(key.toString("latin1"));
  }

  /** By their ids. */
  async all(): Promise<readonly SnapshotLease[]> {
    const wanted = new Set(this.#unknown.values());
    const all = new Map(this.#known);
    for (const id of wanted) all.set(id, minLeaseSeconds);
    if (wanted.size > 0) {
      for (const { id, ttlSeconds } of (await this.#store.leases?.list()) ?? []) {
        if (wanted.has(id)) all.set(id, ttlSeconds);
      }
    }
    return Array.from(all, ([id, ttlSeconds]) => ({ id, ttlSeconds })).sort((a, b) => a.id - b.id);
  }
}
