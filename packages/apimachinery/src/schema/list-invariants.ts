import { stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { duplicate } from "../status/field-error.ts";
import type { ErrorSink } from "./check-logic.ts";
import type { CompiledNode } from "./compiled-node.ts";

/** Finds equal items in sets, and items with equal keys in list maps, at every level. */
export function findDuplicateItems(node: CompiledNode, value: JsonValue, sink: ErrorSink): void {
  if (!node.hasUniqueLists || value === null || typeof value !== "object") return;
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
  const { path, errors } = sink;
  if (node.listType === "set") {
    checkUnique(list, identityOf, (index) => {
      errors.push(duplicate(`${path}[${index}]`, list[index]));
    });
  } else if (node.listType === "map") {
    const { listMapKeys } = node;
    const identify = (item: JsonValue): string | undefined => keyIdentityOf(listMapKeys, item);
    checkUnique(list, identify, (index) => {
      errors.push(duplicate(`${path}[${index}]`, keysOf(node, list[index])));
    });
  }
  const { items } = node;
  if (items === undefined || !items.hasUniqueLists) return;
  list.forEach((item, index) => {
    findDuplicateItems(items, item, { path: `${sink.path}[${index}]`, errors: sink.errors });
  });
}

// `identify` gives a text that equal items share.
function checkUnique(
  list: readonly JsonValue[],
  identify: (item: JsonValue) => string | undefined,
  found: (index: number) => void,
): void {
  if (list.length < 2) return;
  if (list.length === 2) {
    const [first, second] = list.map(identify);
    if (first !== undefined && first === second) found(1);
    return;
  }
  const seen = new Set<string>();
  for (let index = 0; index < list.length; index += 1) {
    const identity = identify(list[index] ?? null);
    if (identity === undefined) continue;
    if (seen.has(identity)) found(index);
    seen.add(identity);
  }
}

function identityOf(item: JsonValue | undefined): string {
  if (typeof item === "string") return `"${item}`;
  return item === undefined ? "" : stringifyJson(sorted(item));
}

function keyIdentityOf(keys: readonly string[], item: JsonValue): string | undefined {
  if (!isJsonObject(item)) return undefined;
  if (keys.length === 1) return identityOf(item[keys[0] ?? ""]);
  return keys.map((key) => identityOf(item[key])).join("\u0000");
}

function keysOf(node: CompiledNode, item: JsonValue | undefined): JsonObject {
  const keys: Record<string, JsonValue> = {};
  if (!isJsonObject(item)) return keys;
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
