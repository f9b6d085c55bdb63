import type { RevokeRequest } from "./decide-revoke.ts";
import type { Operation, TxnRequest } from "./mvcc-store.ts";
import type { LeaseNeeds } from "./revision-log.ts";

/** Which leases transactions name, whichever branches they take; absent where they name none. */
export function leaseNeedsOf(
  requests: readonly (TxnRequest | RevokeRequest)[],
): LeaseNeeds | undefined {
  const named = new Set<number>();
  const ending = new Set<number>();
  for (const request of requests) {
    if ("revoke" in request) ending.add(request.revoke.lease);
    addNamed(request, named);
  }
  return named.size + ending.size > 0 ? { named, ending } : undefined;
}

function addNamed({ success, failure }: TxnRequest, named: Set<number>): void {
  for (const operations of [success, failure]) {
    for (const operation of operations) addLease(operation, named);
  }
}

function addLease(operation: Operation, named: Set<number>): void {
  if (operation.kind === "put" && operation.lease) named.add(operation.lease);
  if (operation.kind === "txn") addNamed(operation, named);
}
