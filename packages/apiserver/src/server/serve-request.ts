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
  return (request) => {
    if (request.info.isResourceRequest) return serveResource(request);
    return servePath(handlers, request);
  };
}

async function servePath(
  handlers: readonly HttpHandler[],
  request: AuthorizedRequest,
): Promise<ApiResponse> {
  const handler = handlers.find((each) => each.handles(request.path));
  if (!handler) return pageNotFound();
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
