import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { asCompiled, type CompiledNode } from "./compiled-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Drops fields that the schema does not know. The same value comes back where nothing changes. */
export function pruneUnknown(node: SchemaNode, value: JsonValue): JsonValue {
  return prune(asCompiled(node), value, false);
}

// `keep`: fields are kept although no schema tells of them; those that one does are pruned inside.
function prune(node: CompiledNode | undefined, value: JsonValue, keep: boolean): JsonValue {
  if (value === null || typeof value !== "object") return value;
  if (isJsonArray(value)) return pruneList(node?.items, value, keep);
  return isJsonObject(value) ? pruneObject(node, value, keep) : value;
}

function pruneList(
  items: CompiledNode | undefined,
  list: readonly JsonValue[],
  keep: boolean,
): JsonValue {
  const keeps = keep || items?.preserveUnknownFields === true;
  let copy: JsonValue[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] as JsonValue;
    if (item === null || typeof item !== "object") continue;
    const pruned = prune(items, item, keeps);
    if (pruned === item) continue;
    copy ??= [...list];
    copy[index] = pruned;
  }
  return copy ?? list;
}

function pruneObject(
  node: CompiledNode | undefined,
  object: JsonObject,
  inherited: boolean,
): JsonValue {
  const keep = inherited || node?.preserveUnknownFields === true;
  const properties = node?.properties;
  const additional = node?.additionalProperties;
  let changes: Map<string, JsonValue | undefined> | undefined;
  for (const key in object) {
    const value = object[key];
    const property = properties?.get(key);
    const child = property ?? (additional === true ? undefined : additional);
    if (child === undefined) {
      if (keep || additional === true) continue;
      changes ??= new Map();
      changes.set(key, undefined);
      continue;
    }
    if (value === null || typeof value !== "object") continue;
    const pruned = prune(child, value, child.preserveUnknownFields);
    if (pruned === value) continue;
    changes ??= new Map();
    changes.set(key, pruned);
  }
  return changes === undefined ? object : applyChanges(object, changes);
}

function applyChanges(
  object: JsonObject,
  changes: ReadonlyMap<string, JsonValue | undefined>,
): JsonObject {
  const next: Record<string, JsonValue | undefined> = {};
  for (const key in object) {
    if (!changes.has(key)) next[key] = object[key];
    else {
      const value = changes.get(key);
      if (value !== undefined) next[key] = value;
    }
  }
  return next;
}
