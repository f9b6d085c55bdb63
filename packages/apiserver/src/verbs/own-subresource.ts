import {
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  methodNotAllowed,
} from "@cellplane/apimachinery";
import type { HandlerRequest, SubresourceDefinition } from "../registry/resource.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { decodeBody } from "./decode-body.ts";
import { checkNewName } from "./check-place.ts";
import { parsePatch, patchTypeOf } from "./parse-patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { parseWriteOptions, type WriteOptions } from "./write-options.ts";

type HandlerVerb = HandlerRequest["verb"];
const handlerVerbs: ReadonlySet<string> = new Set(["create", "get", "update", "patch"]);

/** Serves a subresource by the handler that it was defined with. */
export async function serveOwnSubresource(
  deps: VerbDependencies,
  target: ResourceRequest,
  subresource: SubresourceDefinition,
): Promise<ApiResponse> {
  const { verb } = target.request.info;
  if (!subresource.verbs.includes(verb) || !isHandlerVerb(verb)) throw methodNotAllowed();
  const form = objectForm(target);
  const call = createCall(deps, target, subresource);
  const object = await callVerb(target, { subresource, verb, call });
  const status = verb === "create" ? 201 : 200;
  return await answerObject(target, { status, form, object, nowMs: deps.nowMs() });
}

type Call = (
  verb: HandlerVerb,
  object: KubernetesObject | undefined,
  dryRun: boolean,
) => Promise<KubernetesObject>;

function createCall(
  deps: VerbDependencies,
  target: ResourceRequest,
  subresource: SubresourceDefinition,
): Call {
  const { request, version, definition } = target;
  return (verb, object, dryRun) =>
    subresource.handle({
      verb,
      namespace: definition.namespaced ? request.info.namespace : "",
      name: request.info.name,
      version: version.version,
      object,
      user: request.user,
      dryRun,
      objects: deps.objects,
      signal: request.deadline(),
    });
}

async function callVerb(
  target: ResourceRequest,
  {
    subresource,
    verb,
    call,
  }: {
    readonly subresource: SubresourceDefinition;
    readonly verb: HandlerVerb;
    readonly call: Call;
  },
): Promise<KubernetesObject> {
  const { request } = target;
  switch (verb) {
    case "get":
      return await call("get", undefined, false);
    case "patch": {
      const options = parseWriteOptions(request, "PatchOptions", { isApply: false });
      const current = await call("get", undefined, false);
      return await call("update", await patched(target, current), options.dryRun);
    }
    case "create":
    case "update": {
      const kind = verb === "create" ? "CreateOptions" : "UpdateOptions";
      const options = parseWriteOptions(request, kind);
      const object = await decode(target, subresource, options);
      checkNewName(target, object);
      return await call(verb, object, options.dryRun);
    }
  }
}

async function decode(
  { request, definition, protobuf }: ResourceRequest,
  subresource: SubresourceDefinition,
  options: WriteOptions,
): Promise<KubernetesObject> {
  const { object, warnings } = await decodeBody(request, {
    gvk: subresource.gvk,
    schema: subresource.schema,
    isCustom: definition.origin === "crd",
    fieldValidation: options.fieldValidation,
    protobuf,
  });
  request.warnings.push(...warnings);
  return object;
}

async function patched(
  target: ResourceRequest,
  current: KubernetesObject,
): Promise<KubernetesObject> {
  const type = patchTypeOf(target);
  const text = (await target.request.body()).toString();
  const patch = parsePatch(type === "apply" ? "merge" : type, text, target);
  const document: JsonValue = patch.apply(current as unknown as JsonObject);
  return document as unknown as KubernetesObject;
}

function isHandlerVerb(verb: string): verb is HandlerVerb {
  return handlerVerbs.has(verb);
}
