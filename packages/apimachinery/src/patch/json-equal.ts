import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember } from "./json-members.ts";

/** Whether two values are the same JSON; the order of keys and absent members do not matter. */
export function isJsonEqual(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) return isJsonArray(right) && areListsEqual(left, right);
  if (isJsonObject(left)) return isJsonObject(right) && areObjectsEqual(left, right);
  return false;
}

function areListsEqual(left: readonly JsonValue[], right: readonly JsonValue[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, index) => isJsonEqual(item, right[index]));
}

function areObjectsEqual(left: JsonObject, right: JsonObject): boolean {
  let members = 0;
  for (const key of Object.keys(left)) {
    const value = left[key];
    if (value === undefined) continue;
    members += 1;
    if (!isJsonEqual(value, getMember(right, key))) return false;
  }
  return members === countMembers(right);
}

function countMembers(object: JsonObject): number {
  let members = 0;
  for (const key of Object.keys(object)) if (object[key] !== undefined) members += 1;
  return members;
}
