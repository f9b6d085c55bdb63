import { StatusError } from "@cellplane/apimachinery";
import {
  CompactedError,
  FutureRevisionError,
  NoSpaceError,
  OutcomeUnknownError,
  UnavailableError,
} from "@cellplane/kv";

/** What was thrown, as the API tells it: the border between the store's errors and the wire. */
export function toStatusError(thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  if (thrown instanceof CompactedError) {
    return new StatusError("Expired", "The resourceVersion for the provided list is too old.", {
      cause: thrown,
    });
  }
  if (thrown instanceof FutureRevisionError) return tooLargeRevision(thrown);
  if (thrown instanceof NoSpaceError) {
    return new StatusError("InternalError", "Internal error occurred: the store is full", {
      cause: thrown,
    });
  }
  if (thrown instanceof UnavailableError || thrown instanceof OutcomeUnknownError) {
    return new StatusError("ServiceUnavailable", "the store is not available", {
      details: { retryAfterSeconds: 1 },
      cause: thrown,
    });
  }
  if (isAbort(thrown)) return timedOut(thrown);
  return StatusError.from(thrown);
}

/** 504 of a request that did not come to its end in time. */
export function timedOut(cause?: unknown): StatusError {
  const text = "Timeout: request did not complete within the allotted timeout";
  return new StatusError("Timeout", text, { details: {}, cause });
}

function tooLargeRevision(error: FutureRevisionError): StatusError {
  return new StatusError("Timeout", `Timeout: ${error.message}`, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
    cause: error,
  });
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError")
  );
}
