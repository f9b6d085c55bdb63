import type { Authorizer } from "../authz/authorizer.ts";
import type { HttpHandler, HttpResponse } from "../request/http-handler.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { Handler } from "../request/handler.ts";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import { pageNotFound } from "../request/status-response.ts";

/** Sends resource requests one way, and paths to the handler that serves them. */
export function serveRequest(
  handlers: readonly HttpHandler[],
  serveResource: Handler<AuthorizedRequest>,
): Handler<AuthorizedRequest> {
  const byGroup = new Map(
    handlers.flatMap((each) => (each.apiGroup === undefined ? [] : [[each.apiGroup, each]])),
  );
  return (request) => {
    const { info } = request;
    if (!info.isResourceRequest) return servePath(handlers, request);
    const handler = byGroup.get(info.group);
    return handler ? askHandler(handler, request) : serveResource(request);
  };
}

/** The authorizer, but for groups whose handlers ask it themselves. */
export function leaveToHandlers(
  authorize: Authorizer,
  handlers: readonly HttpHandler[],
): Authorizer {
  const groups = new Set(handlers.flatMap(({ apiGroup = [] }) => apiGroup));
  return (user, request) =>
    request.isResourceRequest && groups.has(request.group)
      ? { allowed: true, reason: "" }
      : authorize(user, request);
}

async function servePath(
  handlers: readonly HttpHandler[],
  request: AuthorizedRequest,
): Promise<ApiResponse> {
  const handler = handlers.find((each) => each.handles(request.path));
  return handler ? askHandler(handler, request) : pageNotFound();
}

async function askHandler(handler: HttpHandler, request: AuthorizedRequest): Promise<ApiResponse> {
  if (handler.serve) return handler.serve(request);
  const response = await handler.handle({
    method: request.method,
    path: request.path,
    query: request.query,
    headers: request.headers,
    user: request.user,
    body: request.body,
    signal: request.deadline(),
  });
  return toApiResponse(response);
}

function toApiResponse({ status, headers, body }: HttpResponse): ApiResponse {
  return { status, headers, body: typeof body === "string" ? Buffer.from(body) : body };
}
