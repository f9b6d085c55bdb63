import { isInSpan, keySpanOf, keyTextOf, type KeySpan, type KeyText } from "../store/key-text.ts";
import type { Operation, TxnRequest, TxnResult } from "../store/mvcc-store.ts";

/** What a transaction may have changed. */
export interface TxnWrites {
  readonly puts: readonly KeyText[];
  readonly deletes: readonly KeySpan[];
}

/** Everything may have changed. */
export const allWrites: TxnWrites = {
  puts: [],
  deletes: [{ start: "", single: false }],
};

/** What a transaction changed, as far as its answer tells: of a deleted range not which keys were in it. */
export function writesOf(request: TxnRequest, result: TxnResult): TxnWrites {
  const writes = { puts: [] as KeyText[], deletes: [] as KeySpan[] };
  addWrites(request, result, writes);
  return writes;
}

/** Whether one of the changes may be in a range, of which puts or deletes are left out where asked. */
export function concerns(
  { puts, deletes }: TxnWrites,
  span: KeySpan,
  { noPut, noDelete }: { readonly noPut?: boolean; readonly noDelete?: boolean },
): boolean {
  if (!noPut && puts.some((key) => isInSpan(key, span))) return true;
  return !noDelete && deletes.some((deleted) => doOverlap(deleted, span));
}

/** Whether anything can be written by it at all. */
export function isReadOnly({ success, failure }: TxnRequest): boolean {
  return success.every(isRead) && failure.every(isRead);
}

function isRead(operation: Operation): boolean {
  return operation.kind === "range" || (operation.kind === "txn" && isReadOnly(operation));
}

function addWrites(
  request: TxnRequest,
  { succeeded, results }: TxnResult,
  writes: { readonly puts: KeyText[]; readonly deletes: KeySpan[] },
): void {
  const operations = succeeded ? request.success : request.failure;
  for (const [i, operation] of operations.entries()) {
    const result = results[i];
    if (operation.kind === "put") writes.puts.push(keyTextOf(operation.key));
    if (operation.kind === "delete" && result?.kind === "delete" && result.deleted > 0) {
      writes.deletes.push(keySpanOf(operation));
    }
    if (operation.kind === "txn" && result?.kind === "txn") addWrites(operation, result, writes);
  }
}

function doOverlap(a: KeySpan, b: KeySpan): boolean {
  const isBefore = (x: KeySpan, y: KeySpan): boolean => x.end !== undefined && x.end <= y.start;
  return !isBefore(a, b) && !isBefore(b, a);
}
