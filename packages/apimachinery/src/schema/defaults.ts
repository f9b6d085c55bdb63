import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { asCompiled, type CompiledNode } from "./compiled-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Fills in defaults, and drops each `null` of a field that is neither nullable nor has a default.
 * A `null` of a non-nullable field or item with a default becomes the default; one in a list
 * without a default stays, for validation to refuse. The same value comes back where nothing changes.
 */
export function applyDefaults(node: SchemaNode, value: JsonValue): JsonValue {
  return apply(asCompiled(node), value);
}

function apply(node: CompiledNode, value: JsonValue): JsonValue {
  if (value === null || typeof value !== "object") return value;
  if (isJsonArray(value)) return node.items === undefined ? value : applyToItems(node.items, value);
  return isJsonObject(value) ? applyToObject(node, value) : value;
}

function applyToItems(items: CompiledNode, list: readonly JsonValue[]): JsonValue {
  let copy: JsonValue[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] as JsonValue;
    const filled = item === null ? fillNull(items) : apply(items, item);
    if (filled === item || filled === undefined) continue;
    copy ??= [...list];
    copy[index] = filled;
  }
  return copy ?? list;
}

function applyToObject(node: CompiledNode, object: JsonObject): JsonObject {
  const { properties, additionalProperties } = node;
  let next: Record<string, JsonValue | undefined> | undefined;
  let hasRemovals = false;
  for (const key in object) {
    const value = object[key];
    if (value !== null && typeof value !== "object") continue;
    const child =
      properties.get(key) ?? (additionalProperties === true ? undefined : additionalProperties);
    if (child === undefined) continue;
    const filled = value === null ? fillNull(child) : apply(child, value);
    if (filled === value) continue;
    next ??= { ...object };
    next[key] = filled;
    hasRemovals ||= filled === undefined;
  }
  if (node.hasDefaults) {
    for (const [key, child] of properties) {
      const { defaultValue } = child;
      if (defaultValue === undefined || defaultValue === null) continue;
      if (object[key] !== undefined) continue;
      next ??= { ...object };
      next[key] = apply(child, defaultValue);
    }
  }
  if (next === undefined) return object;
  return hasRemovals ? withoutAbsent(next) : next;
}

// What a null stands for: itself, the default, or nothing.
function fillNull(node: CompiledNode): JsonValue | undefined {
  if (node.nullable || isAnything(node)) return null;
  const { defaultValue } = node;
  if (defaultValue === undefined || defaultValue === null) return undefined;
  return apply(node, defaultValue);
}

// A definition such as JSON or RawExtension has no type: null is a value there.
function isAnything(node: CompiledNode): boolean {
  return node.definition !== undefined && node.type === undefined && !node.intOrString;
}

function withoutAbsent(object: JsonObject): JsonObject {
  const kept: Record<string, JsonValue> = {};
  for (const key in object) {
    const value = object[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}
