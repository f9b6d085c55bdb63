import { methodNotAllowed, unknownResource } from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import { serveGet } from "./get.ts";
import { servePatch } from "./patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { serveUpdate } from "./update.ts";

/** Serves a subresource: status, scale, or one with a handler of its own. */
export async function serveSubresource(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const { request, version } = target;
  const { subresource, verb } = request.info;
  if (subresource !== "status" || !version.hasStatus) throw unknownResource();
  switch (verb) {
    case "get":
      return await serveGet(deps, target);
    case "update":
      return await serveUpdate(deps, target);
    case "patch":
      return await servePatch(deps, target);
    default:
      throw methodNotAllowed();
  }
}
