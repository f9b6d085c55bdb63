import {
  ForwardingStore,
  type LeaseStore,
  type MvccStore,
  NoSpaceError,
  OutcomeUnknownError,
  type Revision,
  type TxnRequest,
  type TxnResult,
  UnavailableError,
} from "@cellplane/kv";
import type { StoreWatch } from "../kubernetes-api/store-watch.ts";

/**
 * A store that tells of writes that fail by no fault of theirs: etcd's clients are told no more than
 * `no leader` or `request timed out`, so somebody else has to be told why.
 */
export class TellingStore extends ForwardingStore {
  readonly #store: MvccStore;
  readonly #onFailure: StoreWatch["note"];

  constructor(store: MvccStore, onFailure: StoreWatch["note"]) {
    super({ store: () => store });
    this.#store = store;
    this.#onFailure = onFailure;
  }

  override get leases(): LeaseStore | undefined {
    const { leases } = this.#store;
    if (!leases) return undefined;
    return {
      grant: (wanted) => this.#told(leases.grant(wanted)),
      revoke: (id) => this.#told(leases.revoke(id)),
      keepAlive: (id) => this.#told(leases.keepAlive(id)),
      timeToLive: (id) => leases.timeToLive(id),
      list: () => leases.list(),
    };
  }

  override txn(request: TxnRequest, signal?: AbortSignal): Promise<TxnResult> {
    return this.#told(this.#store.txn(request, signal));
  }

  override compact(revision: Revision, signal?: AbortSignal): Promise<void> {
    return this.#told(this.#store.compact(revision, signal));
  }

  async #told<T>(writing: Promise<T>): Promise<T> {
    try {
      return await writing;
    } catch (error) {
      if (error instanceof OutcomeUnknownError) this.#onFailure("unknown", error);
      else if (error instanceof UnavailableError || error instanceof NoSpaceError) {
        this.#onFailure("refused", error);
      }
      throw error;
    }
  }
}
