import type {
  LeaseStore,
  MvccStore,
  RangeRequest,
  RangeResult,
  Revision,
  StoreStatus,
  TxnRequest,
  TxnResult,
  Watch,
  WatchListener,
  WatchRequest,
} from "@cellplane/kv";

/**
 * A store that another takes the place of, while it is served, when it is restored. Between the two
 * it is closed: requests fail as to be tried again, and watches end and begin anew.
 */
export class SwitchableStore implements MvccStore {
  #current: MvccStore;

  constructor(first: MvccStore) {
    this.#current = first;
  }

  get leases(): LeaseStore | undefined {
    return this.#current.leases;
  }

  range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    return this.#current.range(request, signal);
  }

  txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    return this.#current.txn(request, signal);
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    return this.#current.watch(request, listener);
  }

  compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    return this.#current.compact(revision, signal);
  }

  headRevision(): Revision | Promise<Revision> {
    return this.#current.headRevision();
  }

  status(signal?: AbortSignal): Promise<StoreStatus> {
    return this.#current.status(signal);
  }

  /** Closes the store, and goes on with the one that `next` opens, which must open one in any case. */
  async replace(next: () => Promise<MvccStore>): Promise<void> {
    await this.#current[Symbol.asyncDispose]();
    this.#current = await next();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#current[Symbol.asyncDispose]();
  }
}
