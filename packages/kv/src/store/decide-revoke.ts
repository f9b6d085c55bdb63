import type { BatchState } from "./batch-state.ts";
import type { DecidedTxn, DecisionContext } from "./decide-txn.ts";
import { InvalidRequestError } from "./kv-error.ts";
import type { LeaseView } from "./lease-book.ts";
import type { TxnRequest } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** Ends a lease, among the transactions of a batch. */
export interface RevokeRequest extends TxnRequest {
  readonly revoke: {
    readonly lease: number;
    /** `due`: only if it still is when the batch is decided, since a keep-alive may have come. */
    readonly when: "now" | "due";
    /** Called once it has ended durably, before anything else is decided. */
    readonly done: () => void;
  };
}

/**
 * Decides the end of a lease: all its keys go, in key order, as one revision. `succeeded` tells
 * whether it was due.
 * @throws {InvalidRequestError}
 */
export function decideRevoke(
  { revoke }: RevokeRequest,
  { state, leases }: DecisionContext,
): DecidedTxn {
  const { lease, when } = revoke;
  if (!leases?.has(lease) || state.hasRevoked(lease)) {
    throw new InvalidRequestError(`Cannot end lease ${lease} as there is none`, "leaseNotFound");
  }
  if (when === "due" && !leases.isDue(lease)) {
    return { succeeded: false, revision: state.head, results: [] };
  }
  for (const row of rowsOfLease(lease, state, leases)) state.delete(row);
  state.revoke(lease);
  return { succeeded: true, revision: state.endTransaction(), results: [] };
}

function rowsOfLease(lease: number, state: BatchState, leases: LeaseView): readonly LogChange[] {
  const keys = new Set(leases.keysOf(lease));
  for (const change of state.changes) if (change.lease === lease) keys.add(change.key);
  return [...keys]
    .sort()
    .map((key) => state.get(key))
    .filter((row) => row?.lease === lease)
    .filter((row) => row !== undefined);
}
