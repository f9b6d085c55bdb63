import {
  applyJsonPatch,
  applyMergePatch,
  badRequest,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseJson,
  StatusError,
} from "@cellplane/apimachinery";
import { normalizeObject } from "../registry/normalize-object.ts";
import { updateObject } from "../registry/update-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { checkName, checkPlace } from "./check-place.ts";
import { admissionOptions } from "./create.ts";
import { contentTypeOf } from "./decode-body.ts";
import { describeJsonError } from "./describe-json-error.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { trackFields } from "./track-fields.ts";
import { parseWriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

const jsonPatch = "application/json-patch+json";
const mergePatch = "application/merge-patch+json";
const strategicPatch = "application/strategic-merge-patch+json";
const applyPatch = "application/apply-patch+yaml";

type Patch = (current: KubernetesObject) => KubernetesObject;

/** PATCH of an object or its status. */
export async function servePatch(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const type = patchTypeOf(target);
  const options = parseWriteOptions(target.request, "PatchOptions", { isApply: false });
  const patch = parsePatch(type, (await target.request.body()).toString());
  const nowMs = deps.nowMs();
  const result = await updateObject({
    ...writeRequest(deps, target, admissionOptions(options)),
    uidIsPrecondition: false,
    change: (live) => {
      const updated = patched(target, patch(live), live);
      return updated === live ? live : trackFields(target, { live, updated, options, nowMs });
    },
  });
  return await answerObject(target, { status: 200, form, object: result.object, nowMs });
}

function patchTypeOf({ request, definition }: ResourceRequest): string {
  const type = contentTypeOf(request);
  const isCustom = definition.origin === "crd";
  const types = isCustom
    ? [jsonPatch, mergePatch, applyPatch]
    : [jsonPatch, mergePatch, strategicPatch, applyPatch];
  if (types.includes(type)) return type;
  if (!isCustom) {
    throw new StatusError("UnsupportedMediaType", "415: Unsupported Media Type", { details: {} });
  }
  throw new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${types.join(", ")}`,
  );
}

function parsePatch(type: string, text: string): Patch {
  const body = parseBody(text);
  switch (type) {
    case jsonPatch:
      return (current) => asObject(applyJsonPatch(asJson(current), body));
    default:
      return (current) => asObject(applyMergePatch(asJson(current), body));
  }
}

function parseBody(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    throw badRequest(`error decoding patch: ${describeJsonError(text)}`);
  }
}

function patched(
  target: ResourceRequest,
  object: KubernetesObject,
  live: KubernetesObject,
): KubernetesObject {
  if (object === live) return live;
  checkName(target, object);
  checkPlace(target, object);
  return normalizeObject(object, target.definition, target.version);
}

function asJson(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}

function asObject(json: JsonValue): KubernetesObject {
  return json as unknown as KubernetesObject;
}
