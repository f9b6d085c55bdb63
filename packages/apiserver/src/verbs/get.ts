import { formatGroupVersion, notFound } from "@cellplane/apimachinery";
import { convertObject } from "../registry/convert-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { type CachedObject, encodeCachedObject } from "../watch-cache/cached-object.ts";
import { objectForm, type RequestedForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { answerBytes, jsonType } from "./encode-answer.ts";
import { awaitFreshness } from "./freshness.ts";
import { parseListRevision } from "./list-options.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";

/** GET of one object: the newest state, or one not older than `resourceVersion`. */
export async function serveGet(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const cached = await readCached(target);
  if (isSpliceable(target, form) && isInVersion(target, cached)) {
    const apiVersion = apiVersionOf(target);
    const bytes = encodeCachedObject(cached, apiVersion);
    return await answerBytes(target.request, { status: 200, bytes, contentType: jsonType });
  }
  const { definition, version, request, store } = target;
  const object = await convertObject(definition, store.cache.parse(cached), {
    version: version.version,
    signal: request.deadline(),
  });
  return await answerObject(target, { status: 200, form, object, nowMs: deps.nowMs() });
}

/** The object that the request names. @throws {StatusError} 404 */
export async function readCached(target: ResourceRequest): Promise<CachedObject> {
  const { request, store, definition } = target;
  const { namespace, name } = request.info;
  const text = request.query.get("resourceVersion") ?? "";
  const freshness = text === "" ? "newest" : parseListRevision(text);
  const wait = awaitFreshness(target, freshness);
  if (wait) await wait;
  const cached = store.cache.get(definition.namespaced ? namespace : "", name);
  if (cached) return cached;
  throw notFound({ group: definition.group, resource: definition.resource, name });
}

/** Whether stored bytes can be the answer but for their head: plain JSON of the resource itself. */
export function isSpliceable(target: ResourceRequest, form: RequestedForm): boolean {
  if (form.shape !== "object" || form.encoding !== "json" || form.pretty) return false;
  return !target.definition.aliasOf;
}

/** Whether an object is stored as the request has it, or differs by the name of its version only. */
export function isInVersion(target: ResourceRequest, cached: CachedObject): boolean {
  if (cached.apiVersion === apiVersionOf(target)) return true;
  const { origin, conversion } = target.definition;
  return origin === "builtin" && conversion.kind === "none";
}

/** `apiVersion` as the request has it. */
export function apiVersionOf({ definition, version }: ResourceRequest): string {
  return formatGroupVersion({ group: definition.group, version: version.version });
}
