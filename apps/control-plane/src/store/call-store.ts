import type { Lease, MvccStore, RangeRequest, Revision, TxnRequest } from "@cellplane/kv";

/** A call of a store, as it goes over the socket. */
export type StoreCall =
  | { readonly method: "range"; readonly request: RangeRequest }
  | { readonly method: "txn"; readonly request: TxnRequest }
  | { readonly method: "compact"; readonly revision: Revision }
  | { readonly method: "headRevision" | "status" | "listLeases" }
  | { readonly method: "grant"; readonly lease: Lease }
  | { readonly method: "revoke" | "keepAlive" | "timeToLive"; readonly id: number };

/** Does a call. */
export async function callStore(store: MvccStore, call: StoreCall): Promise<unknown> {
  switch (call.method) {
    case "range":
      return store.range(call.request);
    case "txn":
      return store.txn(call.request);
    case "compact":
      return store.compact(call.revision);
    case "headRevision":
      return store.headRevision();
    case "status":
      return store.status();
    case "listLeases":
      return store.leases?.list();
    case "grant":
      return store.leases?.grant(call.lease);
    case "revoke":
      return store.leases?.revoke(call.id);
    case "keepAlive":
      return store.leases?.keepAlive(call.id);
    case "timeToLive":
      return store.leases?.timeToLive(call.id);
  }
}
