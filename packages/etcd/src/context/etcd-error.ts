import { GrpcError, isGrpcError, type StatusName } from "@cellplane/grpc";
import {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  type InvalidRequestReason,
  KvError,
  NoSpaceError,
  OutcomeUnknownError,
} from "@cellplane/kv";

/** A text of etcd that clients compare, without its prefix. */
export type EtcdText =
  | "key is not provided"
  | "key not found"
  | "value is provided"
  | "lease is provided"
  | "too many operations in txn request"
  | "duplicate key given in txn request"
  | "invalid sort option"
  | "request is too large"
  | "mvcc: required revision has been compacted"
  | "mvcc: required revision is a future revision"
  | "too large lease TTL"
  | "mvcc: database space exceeded"
  | "requested lease not found"
  | "member not found"
  | "lease already exists"
  | "authentication is not enabled"
  | "bad leader transferee"
  | "not capable"
  | "no leader"
  | "request timed out";

const statuses: Readonly<Record<EtcdText, StatusName>> = {
  "key is not provided": "INVALID_ARGUMENT",
  "key not found": "INVALID_ARGUMENT",
  "value is provided": "INVALID_ARGUMENT",
  "lease is provided": "INVALID_ARGUMENT",
  "too many operations in txn request": "INVALID_ARGUMENT",
  "duplicate key given in txn request": "INVALID_ARGUMENT",
  "invalid sort option": "INVALID_ARGUMENT",
  "request is too large": "INVALID_ARGUMENT",
  "mvcc: required revision has been compacted": "OUT_OF_RANGE",
  "mvcc: required revision is a future revision": "OUT_OF_RANGE",
  "too large lease TTL": "OUT_OF_RANGE",
  "mvcc: database space exceeded": "RESOURCE_EXHAUSTED",
  "requested lease not found": "NOT_FOUND",
  "member not found": "NOT_FOUND",
  "lease already exists": "FAILED_PRECONDITION",
  "authentication is not enabled": "FAILED_PRECONDITION",
  "bad leader transferee": "FAILED_PRECONDITION",
  "not capable": "FAILED_PRECONDITION",
  "no leader": "UNAVAILABLE",
  "request timed out": "UNAVAILABLE",
};

/** The error with a text of etcd, which is `etcdserver: ` and the text. */
export function etcdError(text: EtcdText, cause?: unknown): GrpcError {
  return new GrpcError(statuses[text], `etcdserver: ${text}`, { cause });
}

const reasons: Readonly<Record<InvalidRequestReason, EtcdText>> = {
  keyMissing: "key is not provided",
  keyNotFound: "key not found",
  duplicateKey: "duplicate key given in txn request",
  tooManyOperations: "too many operations in txn request",
  valueProvided: "value is provided",
  leaseProvided: "lease is provided",
  tooLarge: "request is too large",
  leaseNotFound: "requested lease not found",
  leaseExists: "lease already exists",
  leaseTooLong: "too large lease TTL",
};

/**
 * What the store threw, as etcd would say it. Clients repeat a write after `no leader`, so that
 * stands only for what was surely not written. What is no error of the store is given back.
 */
export function toEtcdError(error: unknown): unknown {
  if (isGrpcError(error) || !(error instanceof KvError)) return error;
  if (error instanceof InvalidRequestError && !error.reason) {
    return new GrpcError("INVALID_ARGUMENT", `etcdserver: ${error.message}`, { cause: error });
  }
  return etcdError(textOf(error), error);
}

function textOf(error: KvError): EtcdText {
  if (error instanceof CompactedError) return "mvcc: required revision has been compacted";
  if (error instanceof FutureRevisionError) return "mvcc: required revision is a future revision";
  if (error instanceof InvalidRequestError && error.reason) return reasons[error.reason];
  if (error instanceof NoSpaceError) return "mvcc: database space exceeded";
  if (error instanceof OutcomeUnknownError) return "request timed out";
  return "no leader";
}
