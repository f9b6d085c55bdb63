import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./json-value.ts";

/** Whether two values are the same JSON: the order of keys does not matter, an absent member equals `undefined`. */
export function isJsonEqual(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) return isJsonArray(right) && areListsEqual(left, right);
  if (isJsonObject(left)) return isJsonObject(right) && areObjectsEqual(left, right);
  return typeof left === "bigint" || typeof right === "bigint"
    ? isNumber(left) && isNumber(right) && String(left) === String(right)
    : false;
}

// A double beyond 2⁵³ (`9007199254740992.0`) is written like an integer, and read back as a bigint.
function isNumber(value: JsonValue | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function areListsEqual(left: readonly JsonValue[], right: readonly JsonValue[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (!isJsonEqual(left[index], right[index])) return false;
  }
  return true;
}

function areObjectsEqual(left: JsonObject, right: JsonObject): boolean {
  let surplus = 0;
  for (const key in right) if (right[key] !== undefined) surplus += 1;
  for (const key in left) {
    const value = left[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(right, key) || !isJsonEqual(value, right[key])) return false;
    surplus -= 1;
  }
  return surplus === 0;
}
