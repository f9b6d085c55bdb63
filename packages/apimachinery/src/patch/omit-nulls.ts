import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { type JsonObjectDraft, setMember } from "./json-members.ts";

/** The object without members that are null, at any depth; itself if it has none. */
export function omitNulls(object: JsonObject): JsonObject {
  let changed = false;
  const kept: JsonObjectDraft = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    const rest = value === undefined || value === null ? undefined : omitBelow(value);
    changed ||= rest !== value;
    if (rest !== undefined) setMember(kept, key, rest);
  }
  return changed ? kept : object;
}

function omitBelow(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return omitNulls(value);
  if (!isJsonArray(value)) return value;
  const items = value.map(omitBelow);
  return items.some((item, index) => item !== value[index]) ? items : value;
}
