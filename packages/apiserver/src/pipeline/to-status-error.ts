import { StatusError } from "@cellplane/apimachinery";
import {
  CompactedError,
  findLostRevisions,
  FutureRevisionError,
  NoSpaceError,
  OutcomeUnknownError,
  UnavailableError,
} from "@cellplane/kv";

/**
 * What was thrown, as the API tells it: the border between the store's errors and the wire.
 * `method`: of the HTTP request.
 */
export function toStatusError(thrown: unknown, method: string): StatusError {
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
  if (thrown instanceof UnavailableError) return storeAway(thrown, method);
  if (thrown instanceof OutcomeUnknownError) return outcomeUnknown(thrown);
  if (isAbort(thrown)) return timedOut(thrown);
  return StatusError.from(thrown);
}

/** 504 of a request that did not come to its end in time. */
export function timedOut(cause?: unknown): StatusError {
  const text = "Timeout: request did not complete within the allotted timeout";
  return new StatusError("Timeout", text, { details: {}, cause });
}

/** The cause by which clients tell this 503 from others. */
const databaseUnavailable = "DatabaseUnavailable";

/** Whether an answer says that the database of the API server is away. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return error.details?.causes?.some(({ reason }) => reason === databaseUnavailable) ?? false;
}

/** 503, which clients may repeat blindly: nothing was written. */
function storeAway(cause: UnavailableError, method: string): StatusError {
  const isRead = method === "GET" || method === "HEAD";
  const lost = findLostRevisions(cause);
  const what = lost
    ? lost.message
    : isRead
      ? "the newest state cannot be told; with resourceVersion=0 the last known one can be read"
      : "the write was not made";
  const text = `the database is not available: ${what}`;
  return new StatusError("ServiceUnavailable", text, {
    details: { retryAfterSeconds: 1, causes: [{ reason: databaseUnavailable, message: what }] },
    cause,
  });
}

// Without Retry-After: clients repeat those requests by themselves, and this one may have succeeded.
function outcomeUnknown(cause: OutcomeUnknownError): StatusError {
  const text =
    "Timeout: the database did not tell in time whether the write was made; read the object to find out";
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
