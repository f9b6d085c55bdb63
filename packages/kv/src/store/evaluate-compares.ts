import type { KeyView } from "./key-index.ts";
import { keySpanOf } from "./key-text.ts";
import type { Compare, Operation, TxnRequest } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";

/** The value of a row. */
export type ValueOf = (row: LogChange) => Buffer;

/** Whether all conditions hold; none means yes. */
export function evaluateCompares(
  compares: readonly Compare[],
  view: KeyView,
  valueOf: ValueOf,
): boolean {
  for (const compare of compares) {
    if (!evaluateCompare(compare, view, valueOf)) return false;
  }
  return true;
}

function evaluateCompare(compare: Compare, view: KeyView, valueOf: ValueOf): boolean {
  const span = keySpanOf(compare);
  if (span.single) return holds(compare, view.get(span.start), valueOf);
  const rows = view.list(span, 0);
  // An empty range counts as one missing key.
  if (rows.length === 0) return holds(compare, undefined, valueOf);
  return rows.every((row) => holds(compare, row, valueOf));
}

function holds(compare: Compare, row: LogChange | undefined, valueOf: ValueOf): boolean {
  const { operand } = compare;
  if (typeof operand === "number") return matches(compare, numberOf(compare, row) - operand);
  // A missing key has no value, so nothing can be said of it.
  return row !== undefined && matches(compare, Buffer.compare(valueOf(row), operand));
}

function numberOf({ target }: Compare, row: LogChange | undefined): number {
  if (!row) return 0;
  switch (target) {
    case "version":
      return row.version;
    case "create":
      return row.createRevision;
    case "mod":
      return row.revision;
    case "lease":
      return row.lease;
    default:
      // A value is compared as bytes, never as a number.
      return 0;
  }
}

function matches({ result }: Compare, difference: number): boolean {
  switch (result) {
    case "equal":
      return difference === 0;
    case "notEqual":
      return difference !== 0;
    case "greater":
      return difference > 0;
    default:
      return difference < 0;
  }
}

/** Live rows whose values a transaction may have to look at to decide, whichever branches it takes. */
export function rowsToDecide(request: TxnRequest, view: KeyView): readonly LogChange[] {
  let rows: LogChange[] | undefined;
  for (const compare of request.compare) {
    if (compare.target === "value") (rows ??= []).push(...view.list(keySpanOf(compare), 0));
  }
  for (const operation of request.success) rows = addRows(rows, operation, view);
  for (const operation of request.failure) rows = addRows(rows, operation, view);
  return rows ?? noRows;
}

const noRows: readonly LogChange[] = [];

function addRows(
  rows: LogChange[] | undefined,
  operation: Operation,
  view: KeyView,
): LogChange[] | undefined {
  if (operation.kind === "put" && operation.ignoreValue) {
    return [...(rows ?? []), ...view.list(keySpanOf({ key: operation.key }), 1)];
  }
  if (operation.kind === "txn") return [...(rows ?? []), ...rowsToDecide(operation, view)];
  return rows;
}
