import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from "@cellplane/etcd-api";
import type {
  Compare as StoreCompare,
  Operation,
  OperationResult,
  TxnRequest as StoreTxn,
  TxnResult,
} from "@cellplane/kv";
import type { EtcdContext } from "../context/etcd-context.ts";
import { etcdError } from "../context/etcd-error.ts";
import { leaseNumber } from "../context/lease-number.ts";
import { toBuffer } from "../context/to-buffer.ts";
import { planRange, tellRange } from "./plan-range.ts";

/** A transaction as the store takes it. @throws {GrpcError} An operation is empty. */
export function planTxn({ compare, success, failure }: TxnRequest): StoreTxn {
  return {
    compare: compare.map(planCompare),
    success: success.map(planOperation),
    failure: failure.map(planOperation),
  };
}

/** Whether a transaction may put something, whichever branch it takes. */
export function hasPut({ success, failure }: StoreTxn): boolean {
  const puts = (operation: Operation): boolean =>
    operation.kind === "put" || (operation.kind === "txn" && hasPut(operation));
  return success.some(puts) || failure.some(puts);
}

/** A put as an operation. */
export function planPut(put: PutRequest): Operation {
  return {
    kind: "put",
    key: toBuffer(put.key),
    value: toBuffer(put.value),
    lease: leaseNumber(put.lease),
    previous: put.prevKv,
    ignoreValue: put.ignoreValue,
    ignoreLease: put.ignoreLease,
  };
}

/** A delete as an operation. */
export function planDelete({ key, rangeEnd, prevKv }: DeleteRangeRequest): Operation {
  return { kind: "delete", key: toBuffer(key), end: toBuffer(rangeEnd), previous: prevKv };
}

/** The answer to a transaction. */
export function tellTxn(request: TxnRequest, result: TxnResult, context: EtcdContext): TxnResponse {
  return { ...tellNested(request, result), header: context.header(result.revision) };
}

function tellNested(request: TxnRequest, result: TxnResult): TxnResponse {
  const operations = result.succeeded ? request.success : request.failure;
  return {
    header: innerHeader(result.revision),
    succeeded: result.succeeded,
    responses: operations.map((operation, i) => {
      const outcome = result.results[i];
      if (!outcome) throw new Error("The store left out the result of an operation");
      return { response: tellOperation(operation, outcome, result.revision) };
    }),
  };
}

/** The header of an answer inside a transaction's: only the revision, which old kube-apiservers read there. */
function innerHeader(revision: number): ResponseHeader {
  return { clusterId: 0n, memberId: 0n, revision, raftTerm: 0 };
}

const targets = ["version", "create", "mod", "value", "lease"] as const;
const results = ["equal", "greater", "less", "notEqual"] as const;
const noBytes = Buffer.alloc(0);

function planCompare(compare: Compare): StoreCompare {
  const target = targets[compare.target] ?? "version";
  return {
    key: toBuffer(compare.key),
    end: toBuffer(compare.rangeEnd),
    target,
    result: results[compare.result] ?? "equal",
    operand: operandOf(compare, target),
  };
}

/** An operand for another target than the compare's counts as absent, which is zero or empty. */
function operandOf({ operand }: Compare, target: string): number | Buffer {
  if (target === "value") return operand?.kind === "value" ? toBuffer(operand.value) : noBytes;
  if (operand?.kind !== target) return 0;
  // A lease that is beyond every id that there is.
  if (typeof operand.value === "bigint") return Number.MAX_SAFE_INTEGER;
  return typeof operand.value === "number" ? operand.value : 0;
}

function planOperation({ request }: RequestOp): Operation {
  switch (request?.kind) {
    case "range":
      return { kind: "range", ...planRange(request.value) };
    case "put":
      return planPut(request.value);
    case "delete":
      return planDelete(request.value);
    case "txn":
      return { kind: "txn", ...planTxn(request.value) };
    default:
      throw etcdError("key not found");
  }
}

function tellOperation(
  { request }: RequestOp,
  outcome: OperationResult,
  revision: number,
): ResponseOp["response"] {
  const header = innerHeader(revision);
  switch (outcome.kind) {
    case "range": {
      if (request?.kind !== "range") throw mismatch(outcome.kind);
      const headerThen = innerHeader(outcome.revision);
      return { kind: "range", value: tellRange(request.value, outcome, headerThen) };
    }
    case "put":
      return { kind: "put", value: { header, prevKv: outcome.previous } };
    case "delete": {
      const { deleted, previous } = outcome;
      return { kind: "delete", value: { header, deleted, prevKvs: previous } };
    }
    case "txn":
      if (request?.kind !== "txn") throw mismatch(outcome.kind);
      return { kind: "txn", value: tellNested(request.value, outcome) };
  }
}

function mismatch(kind: string): Error {
  return new Error(`The store answered an operation as if it were a ${kind}`);
}
