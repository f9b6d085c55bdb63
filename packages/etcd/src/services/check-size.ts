import type { Compare, RequestOp, TxnRequest } from "@cellplane/etcd-api";
import { etcdError } from "../context/etcd-error.ts";
import type { EtcdLimits } from "../context/etcd-limits.ts";

/** About what a message has around its keys and values. */
const overheadBytes = 16;

/** @throws {GrpcError} A write is too long. */
export function checkWriteBytes(bytes: number, { maxRequestBytes }: EtcdLimits): void {
  if (bytes + overheadBytes > maxRequestBytes) throw etcdError("request is too large");
}

/** @throws {GrpcError} A transaction is too long. */
export function checkTxnBytes(request: TxnRequest, limits: EtcdLimits): void {
  checkWriteBytes(bytesOfTxn(request), limits);
}

function bytesOfTxn({ compare, success, failure }: TxnRequest): number {
  return sum(compare, bytesOfCompare) + sum(success, bytesOfOp) + sum(failure, bytesOfOp);
}

function bytesOfCompare({ key, rangeEnd, operand }: Compare): number {
  const value = operand?.kind === "value" ? operand.value.length : 0;
  return key.length + rangeEnd.length + value + overheadBytes;
}

function bytesOfOp({ request }: RequestOp): number {
  if (!request) return 0;
  if (request.kind === "txn") return bytesOfTxn(request.value) + overheadBytes;
  const { key } = request.value;
  const rest = request.kind === "put" ? request.value.value : request.value.rangeEnd;
  return key.length + rest.length + overheadBytes;
}

function sum<T>(items: readonly T[], bytesOf: (item: T) => number): number {
  let bytes = 0;
  for (const item of items) bytes += bytesOf(item);
  return bytes;
}
