import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  stringifyJson,
} from "@cellplane/apimachinery";
import { sha256Hex } from "./sha256.ts";

/** A value with the keys of all objects in order, so that equal values print equally. */
export function sortKeys(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  // `fromEntries` defines members, so a key `__proto__` stays an ordinary one.
  return Object.fromEntries(keys.flatMap((key) => sortedMember(value, key)));
}

function sortedMember(object: JsonObject, key: string): readonly (readonly [string, JsonValue])[] {
  const member = object[key];
  return member === undefined ? [] : [[key, sortKeys(member)]];
}

/** JSON with sorted keys. An absent value is `null`. Integer-like keys come first, as in any object. */
export function canonicalJson(value: JsonValue | undefined): string {
  if (value === undefined) return "null";
  return stringifyJson(isSorted(value) ? value : sortKeys(value));
}

// Most of what a server answers is sorted already, and need not be copied for it.
function isSorted(value: JsonValue): boolean {
  if (isJsonArray(value)) return value.every(isSorted);
  if (!isJsonObject(value)) return true;
  let before: string | undefined;
  for (const key in value) {
    const member = value[key];
    if (before !== undefined && key < before) return false;
    before = key;
    if (member !== undefined && !isSorted(member)) return false;
  }
  return true;
}

/** Digest of a value whatever the order of its keys: 32 hex digits of SHA-256. */
export function hashJson(value: JsonValue | undefined): string {
  return sha256Hex(canonicalJson(value)).slice(0, 32);
}
