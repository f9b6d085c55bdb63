import { methodNotAllowed, StatusError } from "@cellplane/apimachinery";
import { normalizeObject } from "../registry/normalize-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { decodeObject } from "./create.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseWriteOptions } from "./write-options.ts";

/** POST to a resource of which nothing is stored: a review. */
export async function serveVirtual(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const { definition, version, request } = target;
  const { info, user } = request;
  if (!definition.virtual || info.verb !== "create" || info.name !== "") throw methodNotAllowed();
  const form = objectForm(target);
  if (form.shape !== "object") {
    const types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    throw new StatusError("NotAcceptable", `only the following media types are accepted: ${types}`);
  }
  const options = parseWriteOptions(request, "CreateOptions");
  const decoded = await decodeObject(target, options);
  const object = await definition.virtual({
    verb: "create",
    namespace: info.namespace,
    name: "",
    version: version.version,
    object: normalizeObject(decoded, definition, version),
    user,
    dryRun: options.dryRun,
    objects: deps.objects,
    signal: request.deadline(),
  });
  return await answerObject(target, { status: 201, form, object, nowMs: deps.nowMs() });
}
