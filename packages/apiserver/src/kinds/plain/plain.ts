import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
} from "@cellplane/apimachinery";

/** The object under a path of member names; an empty one where there is none. */
export function objectAt(from: unknown, ...path: readonly string[]): JsonObject {
  return optionalObject(from, ...path) ?? {};
}

/** The object under a path of member names, if it is one. */
export function optionalObject(from: unknown, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(from, ...path);
  return isJsonObject(value) ? value : undefined;
}

/** The objects of a list under a path; none where there is no list. */
export function objectsAt(from: unknown, ...path: readonly string[]): readonly JsonObject[] {
  return valuesAt(from, ...path).map((item) => (isJsonObject(item) ? item : {}));
}

/** The values of a list under a path; none where there is no list. */
export function valuesAt(from: unknown, ...path: readonly string[]): readonly JsonValue[] {
  const value = valueAt(from, ...path);
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

/** The strings of a list under a path. */
export function textsAt(from: unknown, ...path: readonly string[]): readonly string[] {
  return valuesAt(from, ...path).filter((each) => typeof each === "string");
}

/** The string under a path; empty where there is none. */
export function stringAt(from: unknown, ...path: readonly string[]): string {
  const value = valueAt(from, ...path);
  return typeof value === "string" ? value : "";
}

/** The number under a path, if there is one. */
export function numberAt(from: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(from, ...path);
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : undefined;
}

/** The strings of a map such as labels. */
export function stringMapAt(
  from: unknown,
  ...path: readonly string[]
): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(from, ...path));
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

/** Whatever stands under a path of member names. */
export function valueAt(from: unknown, ...path: readonly string[]): JsonValue | undefined {
  let value = from as JsonValue | undefined;
  for (const name of path) {
    if (!isJsonObject(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** An object of the API as plain JSON: the same value, seen with fewer names. */
export function asJson(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}

/** Plain JSON as an object of the API, which it is where it has `metadata`. */
export function asObject(json: JsonObject): KubernetesObject {
  return (isJsonObject(json["metadata"]) ? json : { ...json, metadata: {} }) as KubernetesObject;
}
