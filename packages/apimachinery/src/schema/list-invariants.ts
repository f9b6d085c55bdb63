import { stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { duplicate } from "../status/field-error.ts";
import type { ErrorSink } from "./check-logic.ts";
import type { CompiledNode } from "./compiled-node.ts";

/** Finds equal items in sets, and items with equal keys in list maps, at every level. */
export function findDuplicateItems(node: CompiledNode, value: JsonValue, sink: ErrorSink): void {
  if (!node.hasInvariants || value === null || typeof value !== "object") return;
  if (isJsonArray(value)) return inList(node, value, sink);
  if (!isJsonObject(value)) return;
  const { checkedProperties, additionalProperties } = node;
  for (const key in value) {
    const child =
      checkedProperties.get(key) ??
      (additionalProperties === true ? undefined : additionalProperties);
    const member = value[key];
    if (child === undefined || member === undefined) continue;
    const path = sink.path === "" ? key : `${sink.path}.${key}`;
    findDuplicateItems(child, member, { path, errors: sink.errors });
  }
}

function inList(node: CompiledNode, list: readonly JsonValue[], sink: ErrorSink): void {
  if (node.listType === "set") checkUnique(list, (item) => item, sink);
  if (node.listType === "map") checkUnique(list, (item) => keysOf(node, item), sink);
  const { items } = node;
  if (items === undefined || !items.hasInvariants) return;
  list.forEach((item, index) => {
    findDuplicateItems(items, item, { path: `${sink.path}[${index}]`, errors: sink.errors });
  });
}

function checkUnique(
  list: readonly JsonValue[],
  identify: (item: JsonValue) => JsonValue | undefined,
  { path, errors }: ErrorSink,
): void {
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const identity = identify(item);
    if (identity === undefined) return;
    const text = stringifyJson(sorted(identity));
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, identity));
    seen.add(text);
  });
}

function keysOf(node: CompiledNode, item: JsonValue): JsonObject | undefined {
  if (!isJsonObject(item)) return undefined;
  const keys: Record<string, JsonValue> = {};
  for (const key of [...node.listMapKeys].sort()) {
    const value = item[key];
    if (value !== undefined) keys[key] = value;
  }
  return keys;
}

// Equal values have equal texts: members in the order of their names.
function sorted(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const next: Record<string, JsonValue> = {};
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) next[key] = sorted(member);
  }
  return next;
}
