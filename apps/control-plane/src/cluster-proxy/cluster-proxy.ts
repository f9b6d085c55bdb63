import { StatusError, unknownResource } from "@cellplane/apimachinery";
import {
  type ApiResponse,
  type AuthorizedRequest,
  type Authorizer,
  forbiddenRequest,
  type HttpHandler,
} from "@cellplane/apiserver";
import { groups, parseMemberName } from "@cellplane/federation";
import { callerHeaders } from "./caller-headers.ts";
import { checkWithinCell } from "./cell-scope.ts";
import { type MemberRequest, sendToMember, upgradeAtMember } from "./member-exchange.ts";
import { type MemberRoute, MemberRoutes, type MemberRoutesDependencies } from "./member-routes.ts";
import { passAnswer } from "./pass-answer.ts";
import { passConnection } from "./pass-connection.ts";
import { requestHeaders } from "./passed-headers.ts";
import { unreachable } from "./proxy-error.ts";
import { tracePassed, withTrace } from "./trace-passed.ts";
import { parseProxyPath, proxyGroup, type ProxyPath } from "./proxy-path.ts";

/**
 * The API of every member under `/apis/proxy.cellplane.io/v1alpha1/clusters/NAME/proxy/…`, for
 * whoever may `clusters/proxy` of that name; of a cell its namespace alone, also for whoever may
 * `cells/proxy` of it. The member takes each request for one of the caller's.
 */
export class ClusterProxy implements Disposable {
  #routes: MemberRoutes | undefined;

  /** Begins to serve; until then it answers 503. */
  async start(deps: MemberRoutesDependencies): Promise<void> {
    this.#routes = await MemberRoutes.open(deps);
  }

  /** What serves the paths. */
  handler(authorize: Authorizer): HttpHandler {
    return {
      apiGroup: proxyGroup,
      handles: () => false,
      handle: () => {
        throw unknownResource();
      },
      serve: (request) => {
        const path = parseProxyPath(request.path);
        if (!path) throw unknownResource();
        checkAccess(request, path, authorize);
        return tracePassed(request, path, () => this.#pass(request, path));
      },
    };
  }

  [Symbol.dispose](): void {
    this.#routes?.[Symbol.dispose]();
  }

  async #pass(request: AuthorizedRequest, path: ProxyPath): Promise<ApiResponse> {
    if (!this.#routes) throw new StatusError("ServiceUnavailable", "the proxy starts just now");
    const { signal } = request;
    const route = await this.#routes.find(path.cluster);
    const { cellNamespace: namespace } = route;
    if (namespace !== undefined) {
      const { method, user } = request;
      const asked = { method, path: path.rest, user: user.username };
      checkWithinCell({ cell: path.cluster, namespace, ...asked });
    }
    const passed = { ...render(request, { path, route }), signal };
    try {
      return await exchange(request, { path, route, passed });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(error, route);
    }
  }
}

function checkAccess(
  { user, info }: AuthorizedRequest,
  { cluster }: ProxyPath,
  authorize: Authorizer,
): void {
  const cell = parseMemberName(cluster);
  if (cell) {
    const ofCell = {
      ...info,
      group: groups.cellplane,
      version: "v1alpha1",
      resource: "cells",
      subresource: "proxy",
      namespace: cell.namespace,
      name: cell.cell,
    };
    if (authorize(user, ofCell).allowed) return;
  }
  const attributes = {
    ...info,
    group: proxyGroup,
    version: "v1alpha1",
    resource: "clusters",
    subresource: "proxy",
    namespace: "",
    name: cluster,
  };
  const { allowed, reason } = authorize(user, attributes);
  if (!allowed) throw forbiddenRequest(user, attributes, reason);
}

interface Passed {
  readonly path: ProxyPath;
  readonly route: MemberRoute;
}

function render(
  request: AuthorizedRequest,
  { path, route }: Passed,
): Omit<MemberRequest, "signal"> {
  const mark = request.uri.indexOf("?");
  const { connection, upgrade } = request.headers;
  return {
    method: request.method,
    path: path.rest + (mark === -1 ? "" : request.uri.slice(mark)),
    headers: {
      ...withTrace(requestHeaders(request.headers)),
      ...callerHeaders(request.user),
      // By it the audit logs of both sides tell of the same request.
      "audit-id": request.auditId,
      ...(route.token === "" ? {} : { authorization: `Bearer ${route.token}` }),
      ...(request.isUpgrade === true && connection !== undefined && upgrade !== undefined
        ? { connection: "Upgrade", upgrade }
        : {}),
    },
  };
}

async function exchange(
  request: AuthorizedRequest,
  { path, route, passed }: Passed & { readonly passed: MemberRequest },
): Promise<ApiResponse> {
  const memberPrefix = route.connections.url.pathname.replace(/\/$/, "");
  const of = { name: path.cluster, cluster: route.cluster, memberPrefix };
  if (request.isUpgrade === true) {
    const answer = await upgradeAtMember(route, passed);
    if (answer.kind === "answer") return passAnswer(answer.incoming, of);
    return { status: 101, headers: {}, body: passConnection(answer) };
  }
  const body = hasBody(request) ? request.bodyStream?.() : undefined;
  return passAnswer(
    await sendToMember(route, body === undefined ? passed : { ...passed, body }),
    of,
  );
}

function hasBody({ method, headers }: AuthorizedRequest): boolean {
  const length = headers["content-length"];
  if (length !== undefined) return Number(length) > 0;
  // Of HTTP/2 only the method tells.
  return headers["transfer-encoding"] !== undefined || (method !== "GET" && method !== "HEAD");
}
