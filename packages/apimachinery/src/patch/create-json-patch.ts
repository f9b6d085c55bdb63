import { isJsonEqual } from "../meta/json-equal.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";

/** The JSON patch (RFC 6902) that turns one object into another; lists are replaced as a whole. */
export function createJsonPatch(from: JsonObject, to: JsonObject): readonly JsonObject[] {
  return diff(from, to, "");
}

function diff(from: JsonObject, to: JsonObject, path: string): readonly JsonObject[] {
  const operations: JsonObject[] = [];
  for (const key of Object.keys(from)) {
    if (to[key] === undefined) operations.push({ op: "remove", path: at(path, key) });
  }
  for (const [key, value] of Object.entries(to)) {
    if (value !== undefined) operations.push(...diffMember(from[key], value, at(path, key)));
  }
  return operations;
}

function diffMember(
  from: JsonValue | undefined,
  to: JsonValue,
  path: string,
): readonly JsonObject[] {
  if (from === undefined) return [{ op: "add", path, value: to }];
  if (isJsonObject(from) && isJsonObject(to)) return diff(from, to, path);
  return isJsonEqual(from, to) ? [] : [{ op: "replace", path, value: to }];
}

function at(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
