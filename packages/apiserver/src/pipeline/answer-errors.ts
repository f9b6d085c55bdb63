import { StatusError } from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import type { Stage } from "../request/handler.ts";
import type { IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import { statusResponse } from "../request/status-response.ts";
import { formatWarning } from "./format-warning.ts";
import { toStatusError } from "./to-status-error.ts";

/**
 * Answers whatever the later stages throw, in the one place where errors become answers, and adds
 * the headers that every answer has.
 */
export function answerErrors<Req extends IncomingRequest>(logger: Logger): Stage<Req, Req> {
  return async (request, next) => {
    let response: ApiResponse;
    try {
      response = await next(request);
    } catch (thrown) {
      response = answer(request, thrown, logger);
    }
    return withCommonHeaders(request, response);
  };
}

function answer(request: IncomingRequest, thrown: unknown, logger: Logger): ApiResponse {
  const error = toStatusError(thrown, request.method);
  if (error.cause !== undefined && error.code >= 500) {
    const fields = { err: error.cause, auditId: request.auditId, uri: request.uri };
    logger.error(fields, "A request failed inside the server");
  }
  return statusResponse(error instanceof StatusError ? error : StatusError.from(error));
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
