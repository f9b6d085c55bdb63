import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { badRequest } from "../status/status-errors.ts";
import { describeGoJsonType } from "./go-json-type.ts";
import { isJsonEqual } from "../meta/json-equal.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";

/**
 * Applies the body of a JSON merge patch request (RFC 7386); neither argument is changed, and what
 * the patch does not touch is shared with the document.
 *
 * @throws {StatusError} 400 if `patch` is not an object.
 */
export function applyMergePatch(document: JsonObject, patch: JsonValue): JsonObject {
  if (patch === null) throw badRequest("Invalid JSON Patch");
  if (isJsonObject(patch)) return mergeObject(document, patch);
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${describeGoJsonType(patch)} into Go value of type map[string]interface {}`,
  );
}

/** The smallest merge patch that turns `from` into `to`; `{}` where they are equal. */
export function createMergePatch(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObjectDraft = {};
  for (const key of Object.keys(to)) {
    const after = to[key];
    const before = getMember(from, key);
    if (after === undefined || isJsonEqual(before, after)) continue;
    const both = isJsonObject(before) && isJsonObject(after);
    setMember(patch, key, both ? createMergePatch(before, after) : after);
  }
  for (const key of Object.keys(from)) {
    const gone = from[key] !== undefined && getMember(to, key) === undefined;
    if (gone) setMember(patch, key, null);
  }
  return patch;
}

function mergeObject(document: JsonObject, patch: JsonObject): JsonObject {
  const keys = Object.keys(patch).filter((key) => patch[key] !== undefined);
  if (keys.length === 0) return document;
  const removed = new Set(keys.filter((key) => patch[key] === null));
  const merged: JsonObjectDraft = {};
  for (const key of Object.keys(document)) {
    const value = document[key];
    if (value !== undefined && !removed.has(key)) setMember(merged, key, value);
  }
  for (const key of keys) {
    const value = patch[key];
    if (value === undefined || value === null) continue;
    setMember(merged, key, mergeValue(getMember(document, key), value));
  }
  return merged;
}

function mergeValue(current: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(current)) return pruneNulls(patch);
  return isJsonObject(patch) ? mergeObject(current, patch) : patch;
}

// A null in a new object deletes nothing, so it is left out; also inside lists (evanphx v4).
function pruneNulls(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map((item) => pruneNulls(item));
  if (!isJsonObject(value)) return value;
  const pruned: JsonObjectDraft = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member !== undefined && member !== null) setMember(pruned, key, pruneNulls(member));
  }
  return pruned;
}
