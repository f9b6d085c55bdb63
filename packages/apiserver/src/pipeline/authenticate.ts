import { StatusError } from "@cellplane/apimachinery";
import type { Authenticator, Credentials } from "../authn/authenticator.ts";
import type { Stage } from "../request/handler.ts";
import { extendRequest, type IncomingRequest, type WithUser } from "../request/incoming-request.ts";

const bearer = /^Bearer +(\S+) *$/i;

/** Adds `user` to the request; answers 401 to one that nobody knows. */
export function authenticate<Req extends IncomingRequest>(
  authenticator: Authenticator,
): Stage<Req, Req & WithUser> {
  return async (request, next) => {
    const answer = authenticator(credentialsOf(request));
    const user = answer instanceof Promise ? await answer : answer;
    if (!user) throw new StatusError("Unauthorized", "Unauthorized");
    return next(extendRequest(request, { user }));
  };
}

function credentialsOf(request: IncomingRequest): Credentials {
  const { certificate, certificateError } = request.peer;
  const { authorization } = request.headers;
  const token = authorization === undefined ? undefined : bearer.exec(authorization)?.[1];
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(certificateError === undefined ? {} : { certificateError }),
    ...(token === undefined ? {} : { token }),
  };
}
