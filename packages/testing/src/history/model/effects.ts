import type { Op } from "../record/history.ts";
import type { OperationText, TxnResultText, TxnText } from "../record/text.ts";

/** Whether a transaction has changed something, by its answer. */
export function hasWritten(request: TxnText, { succeeded, results }: TxnResultText): boolean {
  const operations = succeeded ? request.success : request.failure;
  return results.some((result, i) => {
    if (result.kind === "put") return true;
    if (result.kind === "delete") return result.deleted > 0;
    const operation = operations[i];
    return result.kind === "txn" && operation?.kind === "txn" && hasWritten(operation, result);
  });
}

/** All operations of a transaction, whichever branches they are in. */
export function operationsOf(txn: TxnText): readonly OperationText[] {
  return [...txn.success, ...txn.failure].flatMap((operation) =>
    operation.kind === "txn" ? operationsOf(operation) : [operation],
  );
}

/** The values that an operation may write; nobody else writes them. */
export function valuesOf({ request }: Op): readonly string[] {
  if (request.do !== "txn") return [];
  return operationsOf(request.txn).flatMap((operation) =>
    operation.kind === "put" ? [operation.value] : [],
  );
}

/** The revision at which an operation has certainly changed something. */
export function writtenAt({ request, outcome }: Op): number | undefined {
  if (request.do !== "txn" || outcome.is !== "txn") return undefined;
  return hasWritten(request.txn, outcome.result) ? outcome.result.revision : undefined;
}

/** The head that an answer tells; absent where there is no answer with one. */
export function revisionOf({ outcome }: Op): number | undefined {
  if (outcome.is === "txn" || outcome.is === "range") return outcome.result.revision;
  return outcome.is === "revision" ? outcome.revision : undefined;
}
