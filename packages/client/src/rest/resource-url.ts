import type { ListQuery, ResourcePath, WriteQuery } from "./rest-client.ts";

/** The URL path of a resource, of one object of it, or of its subresource. */
export function resourceUrl(path: ResourcePath, name?: string, subresource?: string): string {
  const root = path.group === "" ? `/api/${path.version}` : `/apis/${path.group}/${path.version}`;
  const scope =
    path.namespace === undefined || path.namespace === ""
      ? ""
      : `/namespaces/${encodeURIComponent(path.namespace)}`;
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  const sub = subresource === undefined || subresource === "" ? "" : `/${subresource}`;
  return `${root}${scope}/${path.resource}${object}${sub}`;
}

/** `?a=b&c=d` of what is set; empty where nothing is. */
export function formatQuery(
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** The parameters of a list. */
export function listParameters(
  query: ListQuery,
): Readonly<Record<string, string | number | boolean | undefined>> {
  return {
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    limit: query.limit,
    continue: query.continue,
    resourceVersion: query.resourceVersion,
    resourceVersionMatch: query.resourceVersionMatch,
  };
}

/** The parameters of a write. */
export function writeParameters(
  query: WriteQuery,
): Readonly<Record<string, string | number | boolean | undefined>> {
  return {
    fieldManager: query.fieldManager,
    dryRun: query.dryRun === true ? "All" : undefined,
    force: query.force,
    fieldValidation: query.fieldValidation,
  };
}
