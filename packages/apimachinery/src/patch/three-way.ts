import { isJsonObject, type JsonObject } from "../meta/json-value.ts";
import { createMergePatch } from "./merge-patch.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";

/** The three versions that client-side apply compares. */
export interface ThreeWayInput {
  /** What was applied last (`kubectl.kubernetes.io/last-applied-configuration`). */
  readonly original: JsonObject;
  /** What is to be applied now. */
  readonly modified: JsonObject;
  /** What the server has. */
  readonly current: JsonObject;
}

/**
 * The merge patch for `current` that makes what `modified` says true and deletes what `original`
 * had and `modified` has no more. What others added to `current` stays.
 */
export function createThreeWayMergePatch({
  original,
  modified,
  current,
}: ThreeWayInput): JsonObject {
  const changes = keepChanges(createMergePatch(current, modified), modified);
  const deletions = keepDeletions(createMergePatch(original, modified), modified);
  return union(changes, deletions);
}

function keepChanges(patch: JsonObject, modified: JsonObject): JsonObject {
  const kept: JsonObjectDraft = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const wanted = getMember(modified, key);
    if (value === undefined || wanted === undefined) continue;
    if (!isJsonObject(value) || !isJsonObject(wanted)) setMember(kept, key, value);
    else {
      const inner = keepChanges(value, wanted);
      // A new empty object is a change; an object left with deletions only is none.
      const changed = Object.keys(inner).length > 0 || Object.keys(value).length === 0;
      if (changed) setMember(kept, key, inner);
    }
  }
  return kept;
}

function keepDeletions(patch: JsonObject, modified: JsonObject): JsonObject {
  const kept: JsonObjectDraft = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const wanted = getMember(modified, key);
    if (value === null && wanted === undefined) setMember(kept, key, null);
    if (!isJsonObject(value) || !isJsonObject(wanted)) continue;
    const inner = keepDeletions(value, wanted);
    if (Object.keys(inner).length > 0) setMember(kept, key, inner);
  }
  return kept;
}

function union(left: JsonObject, right: JsonObject): JsonObject {
  const merged: JsonObjectDraft = { ...left };
  for (const key of Object.keys(right)) {
    const value = right[key];
    const other = getMember(left, key);
    if (value === undefined) continue;
    const both = isJsonObject(other) && isJsonObject(value);
    setMember(merged, key, both ? union(other, value) : value);
  }
  return merged;
}
