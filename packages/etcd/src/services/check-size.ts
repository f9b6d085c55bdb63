import type { Compare, RequestOp, TxnRequest } from "@cellplane/etcd-api";
import { etcdError } from "../context/etcd-error.ts";

/** The longest write, as in etcd. */
export const maxRequestBytes: number = 1.5 * 1024 * 1024;

/** The longest request that is read at all: a message that is longer breaks off its call. */
export const maxMessageBytes: number = maxRequestBytes + 512 * 1024;

/** About what a message has around its keys and values. */
const overheadBytes = 16;

/** @throws {GrpcError} A write is too long. */
export function checkWriteBytes(bytes: number): void {
  if (bytes + overheadBytes > maxRequestBytes) throw etcdError("request is too large");
}

/** @throws {GrpcError} A transaction is too long. */
export function checkTxnBytes(request: TxnRequest): void {
  checkWriteBytes(bytesOfTxn(request));
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
