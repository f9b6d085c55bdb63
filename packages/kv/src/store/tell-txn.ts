import type { DecidedOperation, DecidedTxn } from "./decide-txn.ts";
import type { OperationResult, RangeRequest, RangeResult, TxnResult } from "./mvcc-store.ts";
import type { LogChange } from "./revision-log.ts";
import { keyValueOf, type RowValues } from "./row-values.ts";
import type { RangeSelection } from "./select-range.ts";

/** The rows whose values the answer of a transaction shows. */
export function rowsToTell(decided: DecidedTxn, into: LogChange[] = []): LogChange[] {
  for (const result of decided.results) {
    if (result.kind === "range" && !result.request.keysOnly) into.push(...result.selection.rows);
    if (result.kind === "put" && result.previous) into.push(result.previous);
    if (result.kind === "delete") into.push(...result.previous);
    if (result.kind === "txn") rowsToTell(result.decided, into);
  }
  return into;
}

/** The reads of older revisions in a transaction. */
export function historicReads(decided: DecidedTxn): readonly DecidedOperation[] {
  return decided.results.flatMap((result) => {
    if (result.kind === "txn") return historicReads(result.decided);
    return result.kind === "historic" ? [result] : [];
  });
}

/** The answer of a transaction, from rows whose values are loaded and historic reads that are done. */
export function tellTxn(
  decided: DecidedTxn,
  values: RowValues,
  historic: ReadonlyMap<DecidedOperation, RangeResult>,
): TxnResult {
  const results = decided.results.map((result) => tellOperation(result, values, historic));
  return { succeeded: decided.succeeded, revision: decided.revision, results };
}

function tellOperation(
  result: DecidedOperation,
  values: RowValues,
  historic: ReadonlyMap<DecidedOperation, RangeResult>,
): OperationResult {
  switch (result.kind) {
    case "range":
      return { kind: "range", revision: result.revision, ...tellRange(result, values) };
    case "historic": {
      const read = historic.get(result);
      if (!read) throw new Error("A historic read of a transaction was not done");
      return { kind: "range", ...read, revision: result.revision };
    }
    case "put":
      return result.previous ? { kind: "put", previous: told(result.previous, values) } : put;
    case "delete":
      return {
        kind: "delete",
        deleted: result.deleted,
        previous: result.previous.map((row) => told(row, values)),
      };
    default:
      return { kind: "txn", ...tellTxn(result.decided, values, historic) };
  }
}

const put: OperationResult = { kind: "put" };
const noValue = Buffer.alloc(0);

/** The answer of a range, from selected rows. */
export function tellRange(
  read: { readonly request: RangeRequest; readonly selection: RangeSelection },
  values: RowValues,
): Omit<RangeResult, "revision"> {
  const { rows, count, more } = read.selection;
  const kvs = read.request.keysOnly
    ? rows.map((row) => keyValueOf(row, noValue))
    : rows.map((row) => told(row, values));
  return { kvs, count, more };
}

function told(row: LogChange, values: RowValues): ReturnType<typeof keyValueOf> {
  return keyValueOf(row, values.valueOf(row));
}
