import { GrpcError } from "@cellplane/grpc";
import { etcdError } from "./etcd-error.ts";

/** A lease's id as the store has it. @throws {GrpcError} There can be none beyond 2⁵³. */
export function leaseNumber(id: number | bigint): number {
  if (typeof id === "number") return id;
  throw etcdError("requested lease not found");
}

/** The id of a lease that is to be. @throws {GrpcError} It is beyond 2⁵³. */
export function newLeaseNumber(id: number | bigint): number {
  if (typeof id === "number") return id;
  throw new GrpcError(
    "INVALID_ARGUMENT",
    `etcdserver: Cannot grant a lease as its id must be below 2^53: it is ${id}`,
  );
}
