import { unknownResource } from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import { serveGet } from "./get.ts";
import { serveOwnSubresource } from "./own-subresource.ts";
import { servePatch } from "./patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { serveScale } from "./scale.ts";
import { unsupportedVerb } from "./unsupported-verb.ts";
import { serveUpdate } from "./update.ts";
import { missingObject } from "./missing-object.ts";

/** Serves a subresource: status, scale, or one with a handler of its own. */
export async function serveSubresource(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const { request, version, definition } = target;
  const { subresource } = request.info;
  const own = definition.subresources.find(({ name }) => name === subresource);
  if (own) return await serveOwnSubresource(deps, target, own);
  if (subresource === "scale" && version.scale) {
    return await serveScale(deps, target, version.scale);
  }
  if (subresource === "status" && version.hasStatus) return await serveStatus(deps, target);
  if (definition.origin === "crd") throw missingObject(target);
  throw unknownResource();
}

async function serveStatus(deps: VerbDependencies, target: ResourceRequest): Promise<ApiResponse> {
  switch (target.request.info.verb) {
    case "get":
      return await serveGet(deps, target);
    case "update":
      return await serveUpdate(deps, target);
    case "patch":
      return await servePatch(deps, target);
    default:
      throw unsupportedVerb(target.definition, target.request.info.verb);
  }
}
