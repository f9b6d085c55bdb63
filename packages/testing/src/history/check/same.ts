import type {
  KeyValueText,
  OperationResultText,
  RangeResultText,
  TxnResultText,
} from "../record/text.ts";

/** Whether two keys are the same, in all fields. */
export function sameKv(a: KeyValueText | undefined, b: KeyValueText | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.modRevision === b.modRevision &&
    a.createRevision === b.createRevision &&
    a.version === b.version &&
    a.lease === b.lease
  );
}

/** Whether two lists of keys are the same. */
export function sameKvs(a: readonly KeyValueText[], b: readonly KeyValueText[]): boolean {
  return a.length === b.length && a.every((kv, i) => sameKv(kv, b[i]));
}

/** Whether two ranges answer the same, whatever head they tell. */
export function sameRange(
  a: Omit<RangeResultText, "revision">,
  b: Omit<RangeResultText, "revision">,
): boolean {
  return a.count === b.count && a.more === b.more && sameKvs(a.kvs, b.kvs);
}

/** Whether two transactions answer the same, but for revisions inside. */
export function sameTxn(
  a: Omit<TxnResultText, "revision">,
  b: Omit<TxnResultText, "revision">,
): boolean {
  return (
    a.succeeded === b.succeeded &&
    a.results.length === b.results.length &&
    a.results.every((result, i) => sameOperation(result, b.results[i]))
  );
}

function sameOperation(a: OperationResultText, b: OperationResultText | undefined): boolean {
  switch (a.kind) {
    case "range":
      return b?.kind === "range" && sameRange(a, b);
    case "put":
      return b?.kind === "put" && sameKv(a.previous, b.previous);
    case "delete":
      return b?.kind === "delete" && a.deleted === b.deleted && sameKvs(a.previous, b.previous);
    case "txn":
      return b?.kind === "txn" && sameTxn(a, b);
  }
}
