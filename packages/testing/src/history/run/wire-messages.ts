import type {
  Compare as WireCompare,
  RangeRequest as WireRange,
  RangeResponse,
  RequestOp,
  ResponseOp,
  WireKeyValue,
} from "@cellplane/etcd-api";
import {
  deleteRangeRequest,
  putRequest,
  rangeRequest,
  txnRequest,
  compare,
} from "@cellplane/etcd-api";
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
} from "@cellplane/kv";

const targets = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;
const results = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;

/** A key from the wire. */
export function keyValueOf({ key, value, lease, ...rest }: WireKeyValue): KeyValue {
  return { ...rest, key: Buffer.from(key), value: Buffer.from(value), lease: Number(lease) };
}

/** A range as it goes over the wire. */
export function rangeOf({ end, ...request }: RangeRequest): Partial<WireRange> {
  return { ...request, ...(end ? { rangeEnd: end } : {}) };
}

/** A range as it was answered. */
export function tellRange({ header, kvs, count, more }: RangeResponse): RangeResult {
  return { revision: header?.revision ?? 0, kvs: kvs.map(keyValueOf), count, more };
}

/** A compare as it goes over the wire. */
export function toWireCompare({
  key,
  end,
  target,
  result,
  operand,
}: Compare): Partial<WireCompare> {
  return {
    key,
    target: targets[target],
    result: results[result],
    ...(end ? { rangeEnd: end } : {}),
    operand:
      target === "value"
        ? { kind: "value", value: Buffer.from(operand as Buffer) }
        : { kind: target, value: Number(operand) },
  };
}

/** Operations as they go over the wire. */
export function toWireOps(operations: readonly Operation[]): readonly RequestOp[] {
  return operations.map((operation): RequestOp => {
    switch (operation.kind) {
      case "range": {
        const { kind, ...request } = operation;
        return { request: { kind, value: rangeRequest.create(rangeOf(request)) } };
      }
      case "put": {
        const { kind, key, value, lease = 0, previous: prevKv = false } = operation;
        return { request: { kind, value: putRequest.create({ key, value, lease, prevKv }) } };
      }
      case "delete": {
        const { kind, key, end, previous: prevKv = false } = operation;
        const fields = { key, prevKv, ...(end ? { rangeEnd: end } : {}) };
        return { request: { kind, value: deleteRangeRequest.create(fields) } };
      }
      case "txn": {
        const { kind, success, failure } = operation;
        const fields = {
          compare: operation.compare.map((one) => compare.create(toWireCompare(one))),
          success: toWireOps(success),
          failure: toWireOps(failure),
        };
        return { request: { kind, value: txnRequest.create(fields) } };
      }
    }
  });
}

/** The answers of a transaction's operations. */
export function tellResults(
  responses: readonly ResponseOp[],
  revision: number,
): readonly OperationResult[] {
  return responses.map(({ response }): OperationResult => {
    switch (response?.kind) {
      case "range":
        return { kind: "range", ...tellRange(response.value) };
      case "put": {
        const { prevKv } = response.value;
        return prevKv ? { kind: "put", previous: keyValueOf(prevKv) } : { kind: "put" };
      }
      case "delete": {
        const { deleted, prevKvs } = response.value;
        return { kind: "delete", deleted, previous: prevKvs.map(keyValueOf) };
      }
      case "txn": {
        const { succeeded, responses: inner } = response.value;
        return { kind: "txn", succeeded, revision, results: tellResults(inner, revision) };
      }
      default:
        throw new Error("The server left out an answer of a transaction");
    }
  });
}
