import type { RequestInfo } from "../request/request-info.ts";
import type { UserInfo } from "../request/user.ts";

/** May `user` do this? `reason` stands in the 403. */
export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Decides on one request. Synchronous: RBAC is an index in memory. */
export type Authorizer = (user: UserInfo, request: RequestInfo) => AuthorizationDecision;
