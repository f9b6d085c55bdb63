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
} from "./mvcc-store.ts";

/** Where a store that forwards its requests sends them. */
export interface ForwardingTarget {
  /** The store of the moment. */
  store(): MvccStore;
  /** Why it must not be asked now; absent: it may be. */
  refusal?(): Error | undefined;
}

/** A store whose requests another one answers, which may be a different one tomorrow. */
export class ForwardingStore implements MvccStore {
  readonly #target: ForwardingTarget;

  constructor(target: ForwardingTarget) {
    this.#target = target;
  }

  get leases(): LeaseStore | undefined {
    if (!this.#target.store().leases) return undefined;
    return {
      grant: async (wanted) => this.#leasesNow().grant(wanted),
      revoke: async (id) => this.#leasesNow().revoke(id),
      keepAlive: async (id) => this.#leasesNow().keepAlive(id),
      timeToLive: async (id) => this.#leasesNow().timeToLive(id),
      list: async () => this.#leasesNow().list(),
    };
  }

  async range(request: RangeRequest, signal?: AbortSignal): Promise<RangeResult> {
    return this.#now().range(request, signal);
  }

  async txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    return this.#now().txn(request, signal);
  }

  watch(request: WatchRequest, listener: WatchListener): Watch {
    return this.#now().watch(request, listener);
  }

  async compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    return this.#now().compact(revision, signal);
  }

  async compactPhysically(revision: Revision, signal?: AbortSignal): Promise<void> {
    const store = this.#now();
    if (store.compactPhysically) return store.compactPhysically(revision, signal);
    return store.compact(revision, signal);
  }

  headRevision(): Revision | Promise<Revision> {
    const refusal = this.#target.refusal?.();
    return refusal ? Promise.reject(refusal) : this.#target.store().headRevision();
  }

  async status(signal?: AbortSignal): Promise<StoreStatus> {
    return this.#now().status(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target.store()[Symbol.asyncDispose]();
  }

  #now(): MvccStore {
    const refusal = this.#target.refusal?.();
    if (refusal) throw refusal;
    return this.#target.store();
  }

  #leasesNow(): LeaseStore {
    const { leases } = this.#now();
    if (!leases) throw new Error("A store has lost its leases");
    return leases;
  }
}
