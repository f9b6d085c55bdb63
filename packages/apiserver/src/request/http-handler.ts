import type { Handler } from "./handler.ts";
import type { AuthorizedRequest } from "./incoming-request.ts";
import type { UserInfo } from "./user.ts";

/** A request to a path that is no resource, already authenticated and authorized. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly user: UserInfo;
  readonly body: () => Promise<Buffer>;
  readonly signal: AbortSignal;
}

/** Its answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** Serves paths that are no resources: `/version`, `/openapi/v3/…`, health, discovery, the console. */
export interface HttpHandler {
  /**
   * An API group that it serves instead of the registry. Requests to the group come in unauthorized:
   * the handler asks the authorizer itself, for what it really tells.
   */
  readonly apiGroup?: string;
  /** Whether this handler serves that path. */
  readonly handles: (path: string) => boolean;
  readonly handle: (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;
  /** Instead of `handle`, for one whose answers stream or take the connection over. */
  readonly serve?: Handler<AuthorizedRequest>;
}
