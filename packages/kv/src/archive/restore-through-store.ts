import { UnavailableError } from "../store/kv-error.ts";
import type { KeyValue, MvccStore, Operation, TxnResult } from "../store/mvcc-store.ts";
import type {
  ImagePart,
  RestoreOptions,
  RestoreOutcome,
  StoreImage,
} from "../store/store-image.ts";
import { TargetNotEmptyError } from "../store/target-not-empty-error.ts";

/** There while a restore of this kind is under way, or was interrupted. */
export const unfinishedKey: Buffer = Buffer.from("cellplane.io/restore-unfinished");

const afterUnfinishedKey = Buffer.concat([unfinishedKey, Buffer.from([0])]);
const first = Buffer.from([0]);
const toEnd = Buffer.from([0]);

/** etcd's own limits are 128 operations and 1.5 MiB of one transaction. */
const maxOperations = 100;
const maxBytes = 1024 * 1024;

/** Transactions that are under way at once. */
const parallel = 4;

/** Given to a lease that the image names too late. */
const unknownLeaseSeconds = 60;

/**
 * Restores by the store's own transactions, for a store whose tables are not ours: an etcd. Such
 * a store cannot be replaced in one step; a key says that it is unfinished until it is whole, and
 * nothing of cellplane serves it before. Keys begin anew: creation revision and version as put.
 *
 * @throws {TargetNotEmptyError}
 */
export async function restoreThroughStore(
  store: MvccStore,
  image: StoreImage,
  options: RestoreOptions & { readonly what: string },
): Promise<RestoreOutcome> {
  const target = await store.range({ key: first, end: toEnd, countOnly: true });
  const unfinished = await store.range({ key: unfinishedKey, countOnly: true });
  const replaced = target.count - unfinished.count;
  if (options.whenNotEmpty === "refuse" && replaced > 0) {
    throw new TargetNotEmptyError(options.what, { keys: replaced, revision: target.revision });
  }
  await run(store, [
    { kind: "delete", key: first, end: unfinishedKey },
    { kind: "delete", key: afterUnfinishedKey, end: toEnd },
    { kind: "put", key: unfinishedKey, value: Buffer.from(JSON.stringify(image.header)) },
  ]);
  const filling = new Filling(store, options.onProgress);
  for await (const part of image.parts) await filling.take(part);
  await filling.finish();
  const { revision } = await run(store, [{ kind: "delete", key: unfinishedKey }]);
  // No client of what was there is to go on from a revision of before: it has to list anew. An etcd
  // compacts for all its prefixes at once, so it is left alone where nothing was replaced.
  if (target.count > 0) await store.compact(revision);
  const { keys, leases } = filling;
  return { epoch: 0, revision, keys, leases, from: target.revision, replaced };
}

/** @throws {UnavailableError} A restore into this store was interrupted. */
export async function refuseUnfinishedRestore(store: MvccStore): Promise<void> {
  const { count } = await store.range({ key: unfinishedKey, countOnly: true });
  if (count === 0) return;
  throw new UnavailableError(
    `Cannot use the store as a restore into it was not finished; run "cellplane store restore --force" again, which replaces what is there`,
  );
}

class Filling {
  readonly #store: MvccStore;
  readonly #onProgress: ((keys: number) => void) | undefined;
  readonly #granted = new Set<number>();
  readonly #running = new Set<Promise<unknown>>();
  #failed: unknown;
  #operations: Operation[] = [];
  #bytes = 0;
  keys = 0;

  constructor(store: MvccStore, onProgress: ((keys: number) => void) | undefined) {
    this.#store = store;
    this.#onProgress = onProgress;
  }

  get leases(): number {
    return this.#granted.size;
  }

  async take(part: ImagePart): Promise<void> {
    if (part.kind === "leases") {
      for (const { id, ttlSeconds } of part.leases) await this.#grant(id, ttlSeconds);
      return;
    }
    for (const kv of part.kvs) await this.#add(kv);
    this.#onProgress?.(this.keys);
  }

  /** Waits for what is under way, and gives each lease its whole time again. */
  async finish(): Promise<void> {
    await this.#send();
    await Promise.all(this.#running);
    if (this.#failed) throw this.#failed;
    for (const id of this.#granted) await this.#store.leases?.keepAlive(id);
  }

  async #grant(id: number, ttlSeconds: number): Promise<void> {
    const { leases } = this.#store;
    if (!leases || this.#granted.has(id)) return;
    this.#granted.add(id);
    // One that is there stays: in an etcd it may hold keys of others than this store, too.
    if (!(await leases.timeToLive(id))) await leases.grant({ id, ttlSeconds });
  }

  async #add({ key, value, lease }: KeyValue): Promise<void> {
    if (key.equals(unfinishedKey)) return;
    if (lease !== 0) await this.#grant(lease, unknownLeaseSeconds);
    const size = key.length + value.length;
    if (this.#operations.length >= maxOperations || this.#bytes + size > maxBytes)
      await this.#send();
    const withLease = lease !== 0 && this.#store.leases ? { lease } : {};
    this.#operations.push({ kind: "put", key, value, ...withLease });
    this.#bytes += size;
    this.keys++;
  }

  async #send(): Promise<void> {
    const operations = this.#operations;
    this.#operations = [];
    this.#bytes = 0;
    if (this.#failed) throw this.#failed;
    if (operations.length === 0) return;
    const sending: Promise<void> = run(this.#store, operations).then(
      () => void this.#running.delete(sending),
      (error: unknown) => {
        this.#running.delete(sending);
        this.#failed ??= error;
      },
    );
    this.#running.add(sending);
    if (this.#running.size >= parallel) await Promise.race(this.#running);
  }
}

function run(store: MvccStore, success: readonly Operation[]): Promise<TxnResult> {
  return store.txn({ compare: [], success, failure: [] });
}
