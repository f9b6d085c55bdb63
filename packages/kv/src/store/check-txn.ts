import { InvalidRequestError } from "./kv-error.ts";
import { isInSpan, keySpanOf, keyTextOf, type KeySpan, type KeyText } from "./key-text.ts";
import type { Compare, Key, KeyRange, Operation, TxnRequest } from "./mvcc-store.ts";

/** The longest key. */
export const maxKeyBytes: number = 1024;

/** The longest value. */
export const maxValueBytes: number = 3 * 1024 * 1024;

/** Most compares, and most operations of a branch with those of its nested transactions, as in etcd; a default. */
export const maxOperations: number = 128;

/**
 * Checks a transaction by etcd's rules before it joins a batch, so that none spoils its neighbours'.
 * @throws {InvalidRequestError}
 */
export function checkTxn(request: TxnRequest, most: number = maxOperations): void {
  checkShape(request, most);
  checkDuplicates(request.success);
  checkDuplicates(request.failure);
}

/** @throws {InvalidRequestError} */
export function checkRange(range: KeyRange): void {
  checkKey(range.key);
  if (range.end && range.end.length > maxKeyBytes) refuseLongKey(range.end);
}

function checkShape(request: TxnRequest, budget: number): void {
  const { compare, success, failure } = request;
  const most = Math.max(compare.length, success.length, failure.length);
  if (most > budget) {
    throw new InvalidRequestError(
      `Cannot run a transaction of more than ${budget} compares or operations: it has ${most}`,
      "tooManyOperations",
    );
  }
  for (const condition of compare) checkCompare(condition);
  for (const operation of success) checkOperation(operation, budget - most);
  for (const operation of failure) checkOperation(operation, budget - most);
}

function checkCompare(compare: Compare): void {
  checkRange(compare);
  if ((compare.target === "value") !== Buffer.isBuffer(compare.operand)) {
    throw new InvalidRequestError(
      `Cannot compare ${compare.target} as the operand has the wrong type: it is ${typeof compare.operand}`,
    );
  }
}

function checkOperation(operation: Operation, budget: number): void {
  switch (operation.kind) {
    case "txn":
      return checkShape(operation, budget);
    case "put":
      return checkPut(operation);
    case "range":
    case "delete":
      return checkRange(operation);
  }
}

function checkPut(put: Extract<Operation, { kind: "put" }>): void {
  checkKey(put.key);
  if (put.value.length > maxValueBytes) {
    throw new InvalidRequestError(
      `Cannot store a value of more than ${maxValueBytes} bytes: it has ${put.value.length}`,
      "tooLarge",
    );
  }
  if (put.ignoreValue && put.value.length > 0) {
    throw new InvalidRequestError("Cannot keep the value as one is given as well", "valueProvided");
  }
  if (put.ignoreLease && put.lease) {
    throw new InvalidRequestError("Cannot keep the lease as one is given as well", "leaseProvided");
  }
}

function checkKey(key: Key): void {
  if (key.length === 0) {
    throw new InvalidRequestError("Cannot use an empty key", "keyMissing");
  }
  if (key.length > maxKeyBytes) refuseLongKey(key);
}

function refuseLongKey(key: Key): never {
  throw new InvalidRequestError(
    `Cannot use a key of more than ${maxKeyBytes} bytes: it has ${key.length}`,
    "tooLarge",
  );
}

/** The keys that operations may write. */
interface Writes {
  readonly puts: Set<KeyText>;
  readonly deletes: KeySpan[];
}

/** A key may be put only once, and not both put and deleted; deletes may overlap. */
function checkDuplicates(operations: readonly Operation[]): Writes {
  const all: Writes = { puts: new Set(), deletes: [] };
  // The commonest branch by far: one operation has nobody to disagree with.
  if (operations.length === 1 && operations[0]?.kind !== "txn")
    return addWrites(all, operations[0]);
  for (const operation of operations) {
    const more = addWrites({ puts: new Set(), deletes: [] }, operation);
    for (const key of more.puts) {
      if (all.puts.has(key) || all.deletes.some((span) => isInSpan(key, span)))
        refuseDuplicate(key);
    }
    for (const key of all.puts) {
      if (more.deletes.some((span) => isInSpan(key, span))) refuseDuplicate(key);
    }
    mergeWrites(all, more);
  }
  return all;
}

function addWrites(into: Writes, operation: Operation | undefined): Writes {
  if (operation?.kind === "put") into.puts.add(keyTextOf(operation.key));
  if (operation?.kind === "delete") into.deletes.push(keySpanOf(operation));
  if (operation?.kind === "txn") {
    // Only one of the branches runs, so they are not held against each other.
    mergeWrites(into, checkDuplicates(operation.success));
    mergeWrites(into, checkDuplicates(operation.failure));
  }
  return into;
}

function mergeWrites(into: Writes, more: Writes): void {
  for (const key of more.puts) into.puts.add(key);
  into.deletes.push(...more.deletes);
}

function refuseDuplicate(key: KeyText): never {
  throw new InvalidRequestError(
    `Cannot write key ${JSON.stringify(key)} twice in one transaction`,
    "duplicateKey",
  );
}
