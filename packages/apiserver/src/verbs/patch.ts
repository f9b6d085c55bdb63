import type { JsonObject } from "@cellplane/apimachinery";
import { updateObject } from "../registry/update-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { serveApply } from "./apply.ts";
import { admissionOptions } from "./create.ts";
import { parsePatch, patchTypeOf } from "./parse-patch.ts";
import { decodePatched } from "./patched-object.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { trackFields } from "./track-fields.ts";
import { parseWriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

/** PATCH of an object or its status. */
export async function servePatch(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const type = patchTypeOf(target);
  if (type === "apply") return await serveApply(deps, target);
  const form = objectForm(target);
  const options = parseWriteOptions(target.request, "PatchOptions", { isApply: false });
  const patch = parsePatch(type, (await target.request.body()).toString(), target);
  const nowMs = deps.nowMs();
  const result = await updateObject({
    ...writeRequest(deps, target, admissionOptions(options)),
    uidIsPrecondition: false,
    change: (live) => {
      const document = patch.apply(live as unknown as JsonObject);
      const updated = decodePatched(deps, target, { document, patch, live, options });
      return trackFields(target, { live, updated, options, nowMs });
    },
  });
  return await answerObject(target, { status: 200, form, object: result.object, nowMs });
}
