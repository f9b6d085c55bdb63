import type { KubernetesObject } from "@cellplane/apimachinery";
import { createObject } from "../registry/create-object.ts";
import { normalizeObject } from "../registry/normalize-object.ts";
import { updateObject } from "../registry/update-object.ts";
import type { WriteResult } from "../registry/write-request.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { checkName, checkPlace } from "./check-place.ts";
import { admissionOptions, decodeObject } from "./create.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { trackFields } from "./track-fields.ts";
import { parseWriteOptions, type WriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

/** PUT of an object or its status. */
export async function serveUpdate(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const options = parseWriteOptions(target.request, "UpdateOptions");
  const object = await decodeObject(target, options);
  checkName(target, object);
  checkPlace(target, object);
  const { definition, version, request } = target;
  const normal = normalizeObject(object, definition, version);
  const nowMs = deps.nowMs();
  const write = writeRequest(deps, target, admissionOptions(options));
  const creates = definition.strategy.allowsCreateOnUpdate && request.info.subresource === "";
  const result = await updateObject({
    ...write,
    uidIsPrecondition: true,
    change: (live) => trackFields(target, { live, updated: normal, options, nowMs }),
    ...(creates ? { createMissing: () => createMissing(deps, target, { normal, options }) } : {}),
  });
  const status = result.kind === "created" ? 201 : 200;
  return await answerObject(target, { status, form, object: result.object, nowMs });
}

async function createMissing(
  deps: VerbDependencies,
  target: ResourceRequest,
  write: { readonly normal: KubernetesObject; readonly options: WriteOptions },
): Promise<WriteResult> {
  const { normal: updated, options } = write;
  const tracked = trackFields(target, { live: undefined, updated, options, nowMs: deps.nowMs() });
  return await createObject(writeRequest(deps, target, admissionOptions(options)), tracked);
}
