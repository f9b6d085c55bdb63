import { StatusError } from "@cellplane/apimachinery";
import { OutcomeUnknownError, UnavailableError } from "@cellplane/kv";
import type { ApiResponse } from "../request/api-response.ts";
import type { Stage } from "../request/handler.ts";
import type { IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import { statusResponse } from "../request/status-response.ts";
import { formatWarning } from "./format-warning.ts";
import { toStatusError } from "./to-status-error.ts";

/**
 * Told each request that failed by the store, and what came of it. It logs them: while the store is
 * away they are many, and all for one reason.
 */
export type StoreFailureListener = (failure: "refused" | "unknown", error: Error) => void;

/** What errors are told to. */
export interface AnswerErrorsDependencies {
  readonly logger: Logger;
  /** Absent: failures of the store are logged as all others. */
  readonly onStoreFailure?: StoreFailureListener | undefined;
}

/**
 * Answers whatever the later stages throw, in the one place where errors become answers, and adds
 * the headers that every answer has.
 */
export function answerErrors<Req extends IncomingRequest>(
  deps: AnswerErrorsDependencies,
): Stage<Req, Req> {
  return async (request, next) => {
    let response: ApiResponse;
    try {
      response = await next(request);
    } catch (thrown) {
      response = answer(request, thrown, deps);
    }
    return withCommonHeaders(request, response);
  };
}

function answer(
  request: IncomingRequest,
  thrown: unknown,
  { logger, onStoreFailure }: AnswerErrorsDependencies,
): ApiResponse {
  const error = toStatusError(thrown, request.method);
  const failure = onStoreFailure && storeFailureOf(error.cause);
  if (failure && error.cause instanceof Error) {
    onStoreFailure(failure, error.cause);
  } else if (error.cause !== undefined && error.code >= 500 && !request.signal.aborted) {
    const fields = { err: error.cause, auditId: request.auditId, uri: request.uri };
    logger.error(fields, "A request failed inside the server");
  }
  return statusResponse(error instanceof StatusError ? error : StatusError.from(error));
}

function storeFailureOf(cause: unknown): "refused" | "unknown" | undefined {
  if (cause instanceof OutcomeUnknownError) return "unknown";
  return cause instanceof UnavailableError ? "refused" : undefined;
}

function withCommonHeaders(request: IncomingRequest, response: ApiResponse): ApiResponse {
  const { warnings, auditId } = request;
  return {
    status: response.status,
    headers: {
      "audit-id": auditId,
      "cache-control": "no-cache, private",
      ...response.headers,
      ...(warnings.length === 0 ? {} : { warning: warnings.map(formatWarning) }),
    },
    body: response.body,
  };
}
