import type { Stage } from "../request/handler.ts";
import { extendRequest, type IncomingRequest, type WithInfo } from "../request/incoming-request.ts";
import { parseRequestInfo } from "../request/parse-request-info.ts";

/** Adds what path and query ask for. */
export function resolveRequestInfo<Req extends IncomingRequest>(): Stage<Req, Req & WithInfo> {
  return (request, next) => {
    const info = parseRequestInfo(request.method, request.path, request.query);
    return next(extendRequest(request, { info }));
  };
}
