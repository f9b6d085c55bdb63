import {
  applyConflictError,
  applyServerSide,
  badRequest,
  conflict,
  describeGoJsonType,
  isJsonObject,
  type JsonValue,
  type KubernetesObject,
  parseYaml,
} from "@cellplane/apimachinery";
import { createObject } from "../registry/create-object.ts";
import { normalizeObject } from "../registry/normalize-object.ts";
import { formatTime } from "../registry/prepare-metadata.ts";
import { updateObject } from "../registry/update-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { checkName, checkPlace } from "./check-place.ts";
import { admissionOptions } from "./create.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { versionContext } from "./version-context.ts";
import { parseWriteOptions, type WriteOptions } from "./write-options.ts";
import { writeRequest } from "./write-target.ts";

/** PATCH as server-side apply; creates what is not there. */
export async function serveApply(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const { request } = target;
  const options = parseWriteOptions(request, "PatchOptions", { isApply: true });
  const applied = parseApplied((await request.body()).toString());
  const nowMs = deps.nowMs();
  const write = writeRequest(deps, target, admissionOptions(options));
  const merge = (live: KubernetesObject | undefined): KubernetesObject =>
    mergeApplied(target, { live, applied, options, nowMs });
  const result = await updateObject({
    ...write,
    uidIsPrecondition: false,
    change: merge,
    ...(request.info.subresource === ""
      ? {
          createMissing: () =>
            createObject(write, named(target, mergeMissing(target, applied, merge))),
        }
      : {}),
  });
  const status = result.kind === "created" ? 201 : 200;
  return await answerObject(target, { status, form, object: result.object, nowMs });
}

function parseApplied(text: string): KubernetesObject {
  let value: JsonValue;
  try {
    value = parseYaml(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`error decoding YAML: ${why}`);
  }
  if (!isJsonObject(value)) {
    const type = describeGoJsonType(value);
    throw badRequest(
      "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
        `${type} into Go value of type map[string]interface {}`,
    );
  }
  const { metadata } = value;
  return { ...value, metadata: isJsonObject(metadata) ? metadata : {} };
}

interface Applied {
  readonly live: KubernetesObject | undefined;
  readonly applied: KubernetesObject;
  readonly options: WriteOptions;
  readonly nowMs: number;
}

function mergeApplied(target: ResourceRequest, each: Applied): KubernetesObject {
  const { live, applied, options, nowMs } = each;
  const { definition, version, request } = target;
  const outcome = applyServerSide({
    ...versionContext(target),
    live,
    applied,
    manager: options.fieldManager,
    force: options.force,
    subresource: request.info.subresource,
    nowIso: formatTime(nowMs),
    kind: definition.kind,
  });
  if (outcome.kind === "conflict") throw applyConflictError(outcome);
  if (live && !outcome.changed) return live;
  checkName(target, outcome.object);
  checkPlace(target, outcome.object);
  return normalizeObject(outcome.object, definition, version);
}

function mergeMissing(
  target: ResourceRequest,
  applied: KubernetesObject,
  merge: (live: undefined) => KubernetesObject,
): KubernetesObject {
  const { uid = "" } = applied.metadata;
  if (uid === "") return merge(undefined);
  const { group, resource } = target.definition;
  throw conflict(
    { group, resource, name: target.request.info.name },
    `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
  );
}

function named({ request }: ResourceRequest, object: KubernetesObject): KubernetesObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, name: request.info.name } };
}
