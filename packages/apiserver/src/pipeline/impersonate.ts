import type { AuthorizationAttributes } from "../authz/authorizer.ts";
import type { Stage } from "../request/handler.ts";
import {
  extendRequest,
  type IncomingRequest,
  type WithInfo,
  type WithUser,
} from "../request/incoming-request.ts";
import type { UserInfo } from "../request/user.ts";

/** Whom the request acts as, if its headers name someone. Refuses by throwing a `StatusError`. */
export type Impersonation = (
  user: UserInfo,
  rawHeaders: readonly string[],
  request: AuthorizationAttributes,
) => UserInfo | undefined;

/** Who authenticated, where the request acts as another. */
export interface WithImpersonator {
  readonly impersonator: UserInfo | undefined;
}

/** Lets a request act as the user that its headers name, where its own user may. */
export function impersonate<Req extends IncomingRequest & WithInfo & WithUser>(
  resolve: Impersonation | undefined,
): Stage<Req, Req & WithImpersonator> {
  return (request, next) => {
    const other = resolve?.(request.user, request.rawHeaders, request.info);
    if (!other) return next(extendRequest(request, { impersonator: undefined }));
    return next(extendRequest(request, { impersonator: request.user, user: other }));
  };
}
