/** The Kubernetes verb of a request. For what is no resource it is the method in lower case. */
export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  | "connect"
  | "post"
  | "put"
  | "head"
  | "options";

/** What the path and the query say (`reference/apiserver.md` §1.1). */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly verb: Verb;
  /** `api` or `apis`; empty for what is no resource. */
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows a subresource such as `proxy`. */
  readonly rest: string;
}
