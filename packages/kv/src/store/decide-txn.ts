import type { BatchState } from "./batch-state.ts";
import { evaluateCompares, type ValueOf } from "./evaluate-compares.ts";
import { keySpanOf, keyTextOf } from "./key-text.ts";
import type { LeaseView } from "./lease-book.ts";
import { CompactedError, FutureRevisionError, InvalidRequestError } from "./kv-error.ts";
import type { Operation, RangeRequest, Revision, TxnRequest } from "./mvcc-store.ts";
import { maxChanges, type LogChange } from "./revision-log.ts";
import { selectLive, type RangeSelection } from "./select-range.ts";

/** What one operation found and did; the values of the rows are still to be read. */
export type DecidedOperation =
  | {
      readonly kind: "range";
      readonly request: RangeRequest;
      readonly revision: Revision;
      readonly selection: RangeSelection;
    }
  /** A read of an older revision; history does not change, so it is read after the commit. */
  | { readonly kind: "historic"; readonly request: RangeRequest; readonly revision: Revision }
  | { readonly kind: "put"; readonly previous?: LogChange }
  | { readonly kind: "delete"; readonly deleted: number; readonly previous: readonly LogChange[] }
  | { readonly kind: "txn"; readonly decided: DecidedTxn };

/** What a transaction comes to, once its batch is durable. */
export interface DecidedTxn {
  readonly succeeded: boolean;
  readonly revision: Revision;
  readonly results: readonly DecidedOperation[];
}

/** What a decision may look at. */
export interface DecisionContext {
  readonly state: BatchState;
  readonly compacted: Revision;
  /** The leases that there are; absent where any number may be put as one. */
  readonly leases?: LeaseView | undefined;
  /** The value of a row; those that compares and `ignoreValue` need have been read beforehand. */
  readonly valueOf: ValueOf;
}

/** Which branch a transaction takes, and its nested ones: settled before the first operation runs. */
interface Branch {
  readonly succeeded: boolean;
  readonly operations: readonly Operation[];
  readonly nested: ReadonlyMap<Operation, Branch> | undefined;
}

/**
 * Decides one checked transaction against the state that the batch has reached, and adds its
 * changes to that state. Throws, and changes nothing, where etcd would fail the whole transaction.
 * @throws {InvalidRequestError | CompactedError | FutureRevisionError}
 */
export function decideTxn(request: TxnRequest, context: DecisionContext): DecidedTxn {
  const branch = chooseBranch(request, context);
  const { state } = context;
  try {
    checkRevisions(branch, context);
    const results = runBranch(branch, context);
    checkSize(state);
    return { succeeded: branch.succeeded, revision: state.endTransaction(), results };
  } catch (error) {
    state.abandonTransaction();
    throw error;
  }
}

function chooseBranch(request: TxnRequest, context: DecisionContext): Branch {
  const succeeded = evaluateCompares(request.compare, context.state, context.valueOf);
  const operations = succeeded ? request.success : request.failure;
  let nested: Map<Operation, Branch> | undefined;
  for (const operation of operations) {
    if (operation.kind !== "txn") continue;
    nested ??= new Map();
    nested.set(operation, chooseBranch(operation, context));
  }
  return { succeeded, operations, nested };
}

function checkRevisions(branch: Branch, context: DecisionContext): void {
  for (const operation of branch.operations) {
    if (operation.kind !== "range" || !operation.revision || operation.revision < 0) continue;
    checkReadable(operation.revision, { head: context.state.head, compacted: context.compacted });
  }
  for (const nested of branch.nested?.values() ?? []) checkRevisions(nested, context);
}

/** @throws {CompactedError | FutureRevisionError} */
export function checkReadable(
  revision: Revision,
  { head, compacted }: { readonly head: Revision; readonly compacted: Revision },
): void {
  if (revision > head) throw new FutureRevisionError(revision, head);
  if (revision < compacted) throw new CompactedError(revision, compacted);
}

/** @throws {InvalidRequestError} */
function checkSize(state: BatchState): void {
  if (state.transactionChanges <= maxChanges) return;
  throw new InvalidRequestError(
    `Cannot change more than ${maxChanges} keys in one transaction: it would change ${state.transactionChanges}`,
    "tooLarge",
  );
}

function runBranch(branch: Branch, context: DecisionContext): DecidedOperation[] {
  return branch.operations.map((operation): DecidedOperation => {
    switch (operation.kind) {
      case "range":
        return runRange(operation, context.state);
      case "put":
        return runPut(operation, context);
      case "delete":
        return runDelete(operation, context.state);
      default:
        return { kind: "txn", decided: runNested(branch, operation, context) };
    }
  });
}

function runNested(branch: Branch, operation: Operation, context: DecisionContext): DecidedTxn {
  const nested = branch.nested?.get(operation);
  const results = nested ? runBranch(nested, context) : [];
  return { succeeded: nested?.succeeded ?? false, revision: context.state.revision, results };
}

function runRange(request: RangeRequest, state: BatchState): DecidedOperation {
  const { revision } = state;
  if (request.revision && request.revision > 0) return { kind: "historic", request, revision };
  return { kind: "range", request, revision, selection: selectLive(state, request) };
}

function runPut(
  operation: Extract<Operation, { kind: "put" }>,
  { state, leases, valueOf }: DecisionContext,
): DecidedOperation {
  let { value, lease = 0 } = operation;
  if (lease !== 0 && leases && (!leases.has(lease) || state.hasRevoked(lease))) {
    throw new InvalidRequestError(
      `Cannot put with lease ${lease} as there is none`,
      "leaseNotFound",
    );
  }
  if (operation.ignoreValue || operation.ignoreLease) {
    const current = state.get(keyTextOf(operation.key));
    if (!current) {
      throw new InvalidRequestError(
        "Cannot keep the value or lease of an absent key",
        "keyNotFound",
      );
    }
    if (operation.ignoreValue) value = valueOf(current);
    if (operation.ignoreLease) lease = current.lease;
  }
  const previous = state.put(operation.key, { value, lease });
  return previous && operation.previous ? { kind: "put", previous } : { kind: "put" };
}

function runDelete(
  operation: Extract<Operation, { kind: "delete" }>,
  state: BatchState,
): DecidedOperation {
  const rows = state.list(keySpanOf(operation), 0);
  for (const row of rows) state.delete(row);
  return { kind: "delete", deleted: rows.length, previous: operation.previous ? rows : [] };
}
