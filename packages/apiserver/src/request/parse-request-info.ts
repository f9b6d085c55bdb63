import type { RequestInfo, Verb } from "./request-info.ts";

const resourceVerbs: Readonly<Record<string, Verb>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const namespaceSubresources = new Set(["status", "finalize"]);
const nameSelector = /(?:^|,)metadata\.name==?([^,]+)(?:,|$)/;

/** Reads what the path asks for. Kubernetes' paths are regular, so this splits and does not route. */
export function parseRequestInfo(
  method: string,
  path: string,
  query: URLSearchParams,
): RequestInfo {
  const parts = path.split("/").filter((part) => part !== "");
  const [prefix = ""] = parts;
  const isCore = prefix === "api";
  const skip = isCore ? 2 : 3;
  if ((!isCore && prefix !== "apis") || parts.length <= skip) return nonResource(method, path);
  const group = isCore ? "" : (parts[1] ?? "");
  const version = parts[skip - 1] ?? "";
  const rest = parts.slice(skip).map(decodeSegment);
  const isWatchPath = rest[0] === "watch" && rest.length > 1;
  const target = splitTarget(isWatchPath ? rest.slice(1) : rest);
  const verb = isWatchPath ? "watch" : (resourceVerbs[method] ?? lowerVerb(method));
  const info = { isResourceRequest: true, path, apiPrefix: prefix, group, version };
  return refineVerb({ ...info, ...target, verb }, query);
}

/** Whether a `watch` parameter asks for a watch: anything but what reads as false. */
export function isWatchQuery(query: URLSearchParams): boolean {
  const watch = query.get("watch");
  return watch !== null && !["0", "false", "f", "F", "FALSE", "False"].includes(watch);
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: lowerVerb(method),
    apiPrefix: "",
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    rest: "",
  };
}

type Target = Pick<RequestInfo, "namespace" | "resource" | "subresource" | "name" | "rest">;

function splitTarget(parts: readonly string[]): Target {
  const [first = "", second = "", third] = parts;
  if (first !== "namespaces") return splitObject("", parts);
  const isOfNamespace = third !== undefined && !namespaceSubresources.has(third);
  if (isOfNamespace) return splitObject(second, parts.slice(2));
  // The namespace object itself lies in the namespace of its name.
  return splitObject(second, parts);
}

function splitObject(namespace: string, parts: readonly string[]): Target {
  const [resource = "", name = "", subresource = "", ...rest] = parts;
  return { namespace, resource, name, subresource, rest: rest.join("/") };
}

function refineVerb(info: RequestInfo, query: URLSearchParams): RequestInfo {
  if (info.name !== "") return info;
  switch (info.verb) {
    case "get":
      return selectName({ ...info, verb: isWatchQuery(query) ? "watch" : "list" }, query);
    case "delete":
      return selectName({ ...info, verb: "deletecollection" }, query);
    case "watch":
      return selectName(info, query);
    default:
      return info;
  }
}

// So that a rule with resourceNames allows to list and watch one object.
function selectName(info: RequestInfo, query: URLSearchParams): RequestInfo {
  const selector = query.get("fieldSelector");
  if (selector === null) return info;
  const name = nameSelector.exec(selector)?.[1];
  return name === undefined ? info : { ...info, name };
}

function lowerVerb(method: string): Verb {
  return method.toLowerCase() as Verb;
}

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
