import type { KubernetesObject } from "@cellplane/apimachinery";
import { createObject } from "../registry/create-object.ts";
import { normalizeObject } from "../registry/normalize-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { checkPlace } from "./check-place.ts";
import { decodeBody } from "./decode-body.ts";
import { trackFields } from "./track-fields.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseWriteOptions, type WriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

/** POST: decode → default → admit → validate → store → 201 with the object as stored. */
export async function serveCreate(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const options = parseWriteOptions(target.request, "CreateOptions");
  const object = await decodeObject(target, options);
  checkPlace(target, object);
  const normal = normalizeObject(object, target.definition, target.version);
  const nowMs = deps.nowMs();
  const tracked = trackFields(target, { live: undefined, updated: normal, options, nowMs });
  const result = await createObject(writeRequest(deps, target, admissionOptions(options)), tracked);
  return await answerObject(target, { status: 201, form, object: result.object, nowMs });
}

/** Decodes the object that a request sends; what could be let pass becomes warnings. */
export async function decodeObject(
  target: ResourceRequest,
  options: WriteOptions,
): Promise<KubernetesObject> {
  const { definition, version, request } = target;
  const { object, warnings } = await decodeBody(request, {
    gvk: { group: definition.group, version: version.version, kind: definition.kind },
    schema: version.schema,
    isCustom: definition.origin === "crd",
    fieldValidation: options.fieldValidation,
    protobuf: target.protobuf,
  });
  request.warnings.push(...warnings);
  request.sent = object.metadata;
  return object;
}

/** The options as admission is told them. */
export function admissionOptions(options: WriteOptions): {
  readonly kind: string;
  readonly dryRun: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
} {
  const { kind, dryRun, given } = options;
  return {
    kind,
    dryRun,
    fields: given,
  };
}
