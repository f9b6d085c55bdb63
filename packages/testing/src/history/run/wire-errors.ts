import { isGrpcError } from "@cellplane/grpc";
import {
  CompactedError,
  FutureRevisionError,
  InvalidRequestError,
  OutcomeUnknownError,
  UnavailableError,
} from "@cellplane/kv";

/** What a client of etcd may conclude from an error: only some say that nothing was written. */
export function fromWireError(error: unknown): unknown {
  if (!isGrpcError(error)) return error;
  const { message } = error;
  if (message.includes("has been compacted")) return new CompactedError(0, 0);
  if (message.includes("is a future revision")) return new FutureRevisionError(0, 0);
  if (message.includes("requested lease not found")) {
    return new InvalidRequestError(message, "leaseNotFound");
  }
  if (error.isUnseen || message === "etcdserver: no leader") {
    return new UnavailableError(message, { cause: error });
  }
  if (error.status === "INVALID_ARGUMENT") return new InvalidRequestError(message);
  return new OutcomeUnknownError(message, { cause: error });
}
