import {
  compileSchema,
  invalid,
  invalidObject,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  methodNotAllowed,
  type SchemaNode,
} from "@cellplane/apimachinery";
import { convertObject } from "../registry/convert-object.ts";
import type { ScalePaths } from "../registry/resource.ts";
import { updateObject } from "../registry/update-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { checkName } from "./check-place.ts";
import { admissionOptions } from "./create.ts";
import { decodeBody } from "./decode-body.ts";
import { readCached } from "./get.ts";
import { parsePatch, patchTypeOf } from "./parse-patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { scaleOf, withReplicas } from "./scale-object.ts";
import { trackFields } from "./track-fields.ts";
import { parseWriteOptions, type WriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

const gvk = { group: "autoscaling", version: "v1", kind: "Scale" };
const integer = { type: "integer", format: "int32" };
const schema: SchemaNode = compileSchema({
  type: "object",
  properties: {
    spec: { type: "object", properties: { replicas: integer } },
    status: {
      type: "object",
      properties: { replicas: integer, selector: { type: "string" } },
    },
  },
});

/** Serves `scale`: the replicas of an object, whatever its kind calls them. */
export async function serveScale(
  deps: VerbDependencies,
  target: ResourceRequest,
  paths: ScalePaths,
): Promise<ApiResponse> {
  switch (target.request.info.verb) {
    case "get":
      return await readScale(deps, target, paths);
    case "update":
      return await updateScale(deps, target, paths);
    case "patch":
      return await patchScale(deps, target, paths);
    default:
      throw methodNotAllowed();
  }
}

async function readScale(
  deps: VerbDependencies,
  target: ResourceRequest,
  paths: ScalePaths,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const { definition, version, request, store } = target;
  const object = await convertObject(definition, store.cache.parse(await readCached(target)), {
    version: version.version,
    signal: request.deadline(),
  });
  const scale = scaleOf(object, paths, definition.origin === "crd");
  return await answerObject(target, { status: 200, form, object: scale, nowMs: deps.nowMs() });
}

async function updateScale(
  deps: VerbDependencies,
  target: ResourceRequest,
  paths: ScalePaths,
): Promise<ApiResponse> {
  const options = parseWriteOptions(target.request, "UpdateOptions");
  const { object, warnings } = await decodeBody(target.request, {
    gvk,
    schema,
    isCustom: false,
    fieldValidation: options.fieldValidation,
    protobuf: target.protobuf,
  });
  target.request.warnings.push(...warnings);
  checkName(target, object);
  return await writeScale(deps, target, { paths, options, scaleFrom: () => object });
}

async function patchScale(
  deps: VerbDependencies,
  target: ResourceRequest,
  paths: ScalePaths,
): Promise<ApiResponse> {
  const type = patchTypeOf(target);
  const isApply = type === "apply";
  const options = parseWriteOptions(target.request, "PatchOptions", { isApply });
  const text = (await target.request.body()).toString();
  const patch = parsePatch(isApply ? "merge" : type, text, target);
  const scaleFrom = (scale: KubernetesObject): KubernetesObject =>
    patch.apply(scale as unknown as JsonObject) as unknown as KubernetesObject;
  return await writeScale(deps, target, { paths, options, scaleFrom });
}

interface ScaleWrite {
  readonly paths: ScalePaths;
  readonly options: WriteOptions;
  /** The wanted Scale by the present one. */
  readonly scaleFrom: (scale: KubernetesObject) => KubernetesObject;
}

async function writeScale(
  deps: VerbDependencies,
  target: ResourceRequest,
  write: ScaleWrite,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const { paths, options, scaleFrom } = write;
  const nowMs = deps.nowMs();
  const isCustom = target.definition.origin === "crd";
  const result = await updateObject({
    ...writeRequest(deps, target, admissionOptions(options)),
    uidIsPrecondition: true,
    change: (live) => {
      // A patch may give replicas to an object that has none yet.
      const wanted = scaleFrom(scaleOf(live, paths, false));
      const replicas = replicasOf(wanted);
      checkReplicas(target, replicas, paths);
      const { resourceVersion = "" } = wanted.metadata;
      const scaled = withReplicas(live, paths.specReplicasPath, replicas);
      const updated = { ...scaled, metadata: { ...scaled.metadata, resourceVersion } };
      return trackFields(target, { live, updated, options, nowMs });
    },
  });
  const object = scaleOf(result.object, paths, isCustom);
  return await answerObject(target, { status: 200, form, object, nowMs });
}

function replicasOf(scale: KubernetesObject): number {
  const spec = scale["spec"];
  const replicas = isJsonObject(spec) ? spec["replicas"] : undefined;
  return typeof replicas === "number" ? replicas : 0;
}

function checkReplicas(target: ResourceRequest, replicas: number, paths: ScalePaths): void {
  if (replicas >= 0) return;
  const { definition, request } = target;
  const { name } = request.info;
  if (definition.origin === "crd") {
    const error = invalid(paths.specReplicasPath, replicas, "should be a non-negative integer");
    throw invalidObject({ group: definition.group, kind: definition.kind, name }, [error]);
  }
  const error = invalid("spec.replicas", replicas, "must be greater than or equal to 0");
  throw invalidObject({ group: gvk.group, kind: gvk.kind, name }, [error]);
}
