import type { Authorizer } from "../authz/authorizer.ts";
import { forbiddenRequest } from "../authz/forbidden-request.ts";
import type { Stage } from "../request/handler.ts";
import {
  type Authorized,
  extendRequest,
  type IncomingRequest,
  type WithInfo,
  type WithUser,
} from "../request/incoming-request.ts";

/** Answers 403 to a request that its user may not make. */
export function authorize<Req extends IncomingRequest & WithInfo & WithUser>(
  authorizer: Authorizer,
): Stage<Req, Req & Authorized> {
  return (request, next) => {
    const decision = authorizer(request.user, request.info);
    if (!decision.allowed) throw forbiddenRequest(request.user, request.info, decision.reason);
    return next(extendRequest(request, { authorized: true as const }));
  };
}
