import {
  methodNotAllowed,
  StatusError,
  stringifyJson,
  unknownResource,
} from "@cellplane/apimachinery";
import {
  type Authorizer,
  forbiddenRequest,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
} from "@cellplane/apiserver";
import { kubefed } from "@cellplane/federation";
import type { TunnelStatus } from "./tunnel-status.ts";

/** The state of this server's tunnel; `undefined`: it has none. */
export type ReadTunnelStatus = () => TunnelStatus | undefined;

const apiGroup = "tunnel.cellplane.io";
const statusPath = `/apis/${apiGroup}/v1alpha1/status`;

/** Serves `GET /apis/tunnel.cellplane.io/v1alpha1/status`, to whoever may list KubeFedClusters. */
export function createTunnelStatusHandler(
  read: ReadTunnelStatus,
  authorize: Authorizer,
): HttpHandler {
  return {
    apiGroup,
    handles: () => false,
    handle: (request) => answerStatus(request, read, authorize),
  };
}

function answerStatus(
  { method, path, user }: HttpRequest,
  read: ReadTunnelStatus,
  authorize: Authorizer,
): HttpResponse {
  if (path !== statusPath) throw unknownResource();
  if (method !== "GET") throw methodNotAllowed();
  const attributes = {
    isResourceRequest: true,
    path,
    verb: "list",
    group: "core.kubefed.io",
    version: "v1beta1",
    resource: "kubefedclusters",
    namespace: kubefed.systemNamespace,
    subresource: "",
    name: "",
  };
  const { allowed, reason } = authorize(user, attributes);
  if (!allowed) throw forbiddenRequest(user, attributes, reason);
  const status = read();
  if (!status) {
    throw new StatusError(
      "NotFound",
      "this control plane serves no agents: start it with --tunnel-listen",
    );
  }
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: `${stringifyJson(status)}\n`,
  };
}
