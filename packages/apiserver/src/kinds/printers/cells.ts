import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import { formatAge } from "../../registry/human-duration.ts";
import {
  objectAt,
  objectsAt,
  stringAt,
  stringMapAt,
  textsAt,
  valueAt,
  valuesAt,
} from "../plain/plain.ts";

/** What a cell of a Table may be. */
export type Cell = string | number | boolean | null;

/** The cells of one object; `nowMs` is for ages. */
export type Cells = (object: JsonObject, nowMs: number) => readonly Cell[];

/** What tables print for nothing. */
export const none = "<none>";
/** What tables print for what is not known yet. */
export const unset = "<unset>";

/** `metadata.name`. */
export function nameOf(object: JsonObject): string {
  return stringAt(object, "metadata", "name");
}

/** How long ago the object was made: `5m2s`. */
export function ageOf(object: JsonObject, nowMs: number): string {
  return formatAge(stringAt(object, "metadata", "creationTimestamp"), nowMs);
}

/** How long ago a time under a path was. */
export function agoAt(object: JsonObject, nowMs: number, ...path: readonly string[]): string {
  return formatAge(stringAt(object, ...path), nowMs);
}

/** `metadata.creationTimestamp`, as it is. */
export function createdAt(object: JsonObject): string {
  return stringAt(object, "metadata", "creationTimestamp");
}

/** `a=b,c=d`, by key; `<none>` for an empty map. */
export function formatLabels(labels: JsonObject): string {
  const entries = Object.entries(stringMapAt(labels)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? none : entries.map(([key, value]) => `${key}=${value}`).join(",");
}

/** A label selector in the notation of queries; `<none>` where it is absent or empty. */
export function formatSelector(selector: JsonObject): string {
  const labels = Object.entries(stringMapAt(selector, "matchLabels")).map(
    ([key, value]) => [key, `${key}=${value}`] as const,
  );
  const requirements = objectsAt(selector, "matchExpressions").map(
    (item) => [stringAt(item, "key"), formatRequirement(item)] as const,
  );
  const all = [...labels, ...requirements].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return all.length === 0 ? none : all.map(([, text]) => text).join(",");
}

function formatRequirement(item: JsonObject): string {
  const key = stringAt(item, "key");
  const values = textsAt(item, "values")
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(",");
  switch (stringAt(item, "operator")) {
    case "In":
      return `${key} in (${values})`;
    case "NotIn":
      return `${key} notin (${values})`;
    case "Exists":
      return key;
    default:
      return `!${key}`;
  }
}

/** Names and images of a pod's containers. */
export function containersOf(podSpec: JsonObject): readonly [names: string, images: string] {
  const containers = objectsAt(podSpec, "containers");
  return [
    containers.map((each) => stringAt(each, "name")).join(","),
    containers.map((each) => stringAt(each, "image")).join(","),
  ];
}

/** A string, number or boolean as text; `<none>` or another text where there is nothing. */
export function textAt(object: unknown, path: readonly string[], absent: string = none): string {
  const value = valueAt(object, ...path);
  return isText(value) && value !== "" ? String(value) : absent;
}

function isText(value: JsonValue | undefined): value is string | number | bigint | boolean {
  return value !== undefined && value !== null && typeof value !== "object";
}

/** How many members a map or list under a path has. */
export function countAt(object: JsonObject, ...path: readonly string[]): number {
  const list = valuesAt(object, ...path);
  return list.length > 0 ? list.length : Object.keys(objectAt(object, ...path)).length;
}
