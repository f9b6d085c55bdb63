import type {
  Compare as WireCompare,
  RangeRequest as WireRangeRequest,
  RangeResponse,
  RequestOp,
  ResponseOp,
  TxnRequest as WireTxn,
  TxnResponse,
  WatchCreateRequest,
  WireKeyValue,
} from "@cellplane/etcd-api";
import { rangeRequest, watchCreateRequest } from "@cellplane/etcd-api";
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  RangeRequest,
  RangeResult,
  Revision,
  TxnRequest,
  TxnResult,
  WatchRequest,
} from "../store/mvcc-store.ts";
import { type KeySpace, toBuffer } from "./key-space.ts";
import type { LeaseIds } from "./lease-ids.ts";

const targets = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;
const results = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
const filters = { noPut: 0, noDelete: 1 } as const;

/** Requests as etcd takes them, and its answers as the store gives them. */
export class EtcdWire {
  readonly #keys: KeySpace;
  readonly #leases: LeaseIds;

  constructor(keys: KeySpace, leases: LeaseIds) {
    this.#keys = keys;
    this.#leases = leases;
  }

  planRange(request: RangeRequest): WireRangeRequest {
    const { key, rangeEnd } = this.#keys.toWireRange(request);
    return rangeRequest.create({
      key,
      rangeEnd,
      limit: request.limit ?? 0,
      revision: request.revision ?? 0,
      keysOnly: request.keysOnly ?? false,
      countOnly: request.countOnly ?? false,
      serializable: request.serializable ?? false,
      minModRevision: request.minModRevision ?? 0,
      maxModRevision: request.maxModRevision ?? 0,
      minCreateRevision: request.minCreateRevision ?? 0,
      maxCreateRevision: request.maxCreateRevision ?? 0,
    });
  }

  tellRange({ header, kvs, count, more }: RangeResponse): RangeResult {
    const revision = header?.revision ?? 0;
    return { revision, kvs: kvs.map((kv) => this.tellKeyValue(kv)), count, more };
  }

  planTxn({ compare, success, failure }: TxnRequest): WireTxn {
    return {
      compare: compare.map((condition) => this.#planCompare(condition)),
      success: success.map((operation) => this.#planOperation(operation)),
      failure: failure.map((operation) => this.#planOperation(operation)),
    };
  }

  tellTxn(response: TxnResponse): TxnResult {
    return this.#tellTxn(response, response.header?.revision ?? 0);
  }

  /** A watch from `startRevision` on. */
  planWatch(request: WatchRequest, startRevision: Revision): WatchCreateRequest {
    const { key, rangeEnd } = this.#keys.toWireRange(request);
    const left: number[] = [];
    if (request.noPut) left.push(filters.noPut);
    if (request.noDelete) left.push(filters.noDelete);
    return watchCreateRequest.create({
      key,
      rangeEnd,
      startRevision,
      filters: left,
      prevKv: request.previous ?? false,
      fragment: true,
    });
  }

  tellKeyValue({
    key,
    value,
    createRevision,
    modRevision,
    version,
    lease,
  }: WireKeyValue): KeyValue {
    return {
      key: this.#keys.fromWire(key),
      value: toBuffer(value),
      createRevision,
      modRevision,
      version,
      lease: lease === 0 ? 0 : this.#leases.toNumber(lease),
    };
  }

  #planCompare(compare: Compare): WireCompare {
    const { key, rangeEnd } = this.#keys.toWireRange(compare);
    const { target, result } = compare;
    return {
      key,
      rangeEnd,
      target: targets[target],
      result: results[result],
      operand: this.#planOperand(compare),
    };
  }

  #planOperand({ target, operand }: Compare): WireCompare["operand"] {
    if (Buffer.isBuffer(operand)) return { kind: "value", value: operand };
    if (target === "value") return undefined;
    if (target === "lease") return { kind: target, value: this.#leases.toWire(operand) };
    return { kind: target, value: operand };
  }

  #planOperation(operation: Operation): RequestOp {
    switch (operation.kind) {
      case "range":
        return { request: { kind: "range", value: this.planRange(operation) } };
      case "put":
        return { request: { kind: "put", value: this.#planPut(operation) } };
      case "delete": {
        const range = this.#keys.toWireRange(operation);
        const value = { ...range, prevKv: operation.previous ?? false };
        return { request: { kind: "delete", value } };
      }
      case "txn":
        return { request: { kind: "txn", value: this.planTxn(operation) } };
    }
  }

  #planPut(
    put: Extract<Operation, { kind: "put" }>,
  ): Extract<NonNullable<RequestOp["request"]>, { kind: "put" }>["value"] {
    return {
      key: this.#keys.toWire(put.key),
      value: put.value,
      lease: put.lease ? this.#leases.toWire(put.lease) : 0,
      prevKv: put.previous ?? false,
      ignoreValue: put.ignoreValue ?? false,
      ignoreLease: put.ignoreLease ?? false,
    };
  }

  #tellTxn({ succeeded, responses }: TxnResponse, revision: Revision): TxnResult {
    return {
      succeeded,
      revision,
      results: responses.map((response) => this.#tellOperation(response, revision)),
    };
  }

  #tellOperation({ response }: ResponseOp, revision: Revision): OperationResult {
    switch (response?.kind) {
      case "range":
        return { kind: "range", ...this.tellRange(response.value) };
      case "put": {
        const { prevKv } = response.value;
        return prevKv ? { kind: "put", previous: this.tellKeyValue(prevKv) } : { kind: "put" };
      }
      case "delete": {
        const { deleted, prevKvs } = response.value;
        return { kind: "delete", deleted, previous: prevKvs.map((kv) => this.tellKeyValue(kv)) };
      }
      case "txn":
        return { kind: "txn", ...this.#tellTxn(response.value, revision) };
      default:
        throw new Error("etcd answered a transaction without the result of an operation");
    }
  }
}
