import type { UserInfo } from "../request/user.ts";

/** May `user` do this? `reason` stands in the 403. */
export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/**
 * What is asked for; every `RequestInfo` is one. `verb` is any word, since reviews and special
 * verbs (`impersonate`, `bind`, `escalate`) ask for more than requests do.
 */
export interface AuthorizationAttributes {
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** Decides on one request. Synchronous: RBAC is an index in memory. */
export type Authorizer = (
  user: UserInfo,
  request: AuthorizationAttributes,
) => AuthorizationDecision;
