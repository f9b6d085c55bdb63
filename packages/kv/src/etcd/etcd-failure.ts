import { GrpcError } from "@cellplane/grpc";
import {
  InvalidRequestError,
  type InvalidRequestReason,
  type KvError,
  NoSpaceError,
  UnavailableError,
} from "../store/kv-error.ts";

/** What a call that failed came to. */
export type EtcdFailure =
  /** By etcd's rules, or for good: another try would end in the same way. Nothing was written. */
  | { readonly kind: "refused"; readonly error: KvError }
  /** The revision asked for is no longer kept, or not yet written. */
  | { readonly kind: "compacted" | "future" }
  /** The token is not taken (any more). Nothing was written. */
  | { readonly kind: "token" }
  /** Surely not written; another try, elsewhere or later, may do. */
  | { readonly kind: "unwritten" }
  /** Written or not. */
  | { readonly kind: "unknown" };

const reasons: Readonly<Record<string, InvalidRequestReason>> = {
  "key is not provided": "keyMissing",
  "key not found": "keyNotFound",
  "duplicate key given in txn request": "duplicateKey",
  "too many operations in txn request": "tooManyOperations",
  "value is provided": "valueProvided",
  "lease is provided": "leaseProvided",
  "request is too large": "tooLarge",
  "requested lease not found": "leaseNotFound",
  "lease already exists": "leaseExists",
  "too large lease TTL": "leaseTooLong",
};

/** Texts of etcd for what it did not even try. All other failures of a write leave it open. */
const notTried: ReadonlySet<string> = new Set([
  "no leader",
  "leader changed",
  "raft proposal dropped",
  "too many requests",
]);

const prefix = "etcdserver: ";

/** Tells what a failed call came to, by etcd's texts, which are its contract. */
export function readEtcdFailure(error: GrpcError): EtcdFailure {
  const { message, status } = error;
  const text = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const reason = reasons[text];
  if (reason) return refusal(new InvalidRequestError(refusalText(text), reason));
  switch (text) {
    case "mvcc: required revision has been compacted":
      return { kind: "compacted" };
    case "mvcc: required revision is a future revision":
      return { kind: "future" };
    case "mvcc: database space exceeded":
      return refusal(
        new NoSpaceError("Cannot write as the etcd cluster is beyond its quota", { cause: error }),
      );
    default:
  }
  if (error.isUnseen || notTried.has(text)) return { kind: "unwritten" };
  if (status === "RESOURCE_EXHAUSTED" && message.includes("larger than max")) {
    return refusal(new InvalidRequestError(refusalText(text), "tooLarge"));
  }
  return readStatus(error, text);
}

function readStatus(error: GrpcError, text: string): EtcdFailure {
  switch (error.status) {
    case "UNAUTHENTICATED":
      return { kind: "token" };
    case "INVALID_ARGUMENT":
      if (isAboutUser(text)) return denied(error);
      return refusal(new InvalidRequestError(refusalText(text)));
    case "PERMISSION_DENIED":
    case "UNIMPLEMENTED":
    case "FAILED_PRECONDITION":
    case "DATA_LOSS":
      return denied(error);
    default:
      return { kind: "unknown" };
  }
}

function isAboutUser(text: string): boolean {
  return text.startsWith("authentication failed") || text === "user name is empty";
}

function denied(error: GrpcError): EtcdFailure {
  return refusal(
    new UnavailableError(`Cannot use the etcd cluster as it refuses: ${error.message}`, {
      cause: error,
    }),
  );
}

function refusal(error: KvError): EtcdFailure {
  return { kind: "refused", error };
}

function refusalText(text: string): string {
  return `Cannot run the request as etcd refuses it: ${text}`;
}
