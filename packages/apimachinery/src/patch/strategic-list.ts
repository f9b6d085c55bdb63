import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { formatGoType, formatGoValue } from "./format-go-value.ts";
import { getMember } from "./json-members.ts";
import { badPatchType, badType, listOfLists, noMergeKey, unmergeable } from "./strategic-errors.ts";
import { keyOf, orderMergedList } from "./strategic-order.ts";

/** Merges a patch into one item of a list. */
export type MergeItem = (
  live: JsonObject,
  patch: JsonObject,
  schema: SchemaNode | undefined,
) => JsonObject;

/** A list field and what is done to it. */
export interface ListPatch {
  readonly live: readonly JsonValue[];
  readonly patch: readonly JsonValue[];
  /** The schema of the list. */
  readonly schema: SchemaNode | undefined;
  readonly mergeItem: MergeItem;
}

/** The list after the patch: merged where the schema says so, else the patch's list. */
export function patchList(input: ListPatch): readonly JsonValue[] {
  const isMerged = input.schema?.patchStrategy.includes("merge") === true;
  return isMerged ? mergeList(input) : input.patch;
}

/** `$deleteFromPrimitiveList`: the list without these values. */
export function deleteFromList(
  live: readonly JsonValue[],
  values: readonly JsonValue[],
): readonly JsonValue[] {
  if (live.length === 0 && values.length === 0) return live;
  requireOneType(live, values);
  const gone = new Set(values);
  return live.filter((item) => !gone.has(item));
}

/**
 * Checks that all items are of one Go type, and gives one of them (its type is the list's).
 *
 * @throws {StatusError} If they are not, or are lists, or there is none.
 */
export function requireOneType(...lists: readonly (readonly JsonValue[])[]): JsonValue {
  const [first, ...others] = lists.flat();
  if (first === undefined) throw unmergeable("no elements in any of the given slices");
  if (isJsonArray(first)) throw listOfLists();
  const type = formatGoType(first);
  if (others.every((item) => formatGoType(item) === type)) return first;
  throw unmergeable(
    `list element types are not identical: ${formatGoValue(lists.filter((list) => list !== undefined))}`,
  );
}

function mergeList(input: ListPatch): readonly JsonValue[] {
  const { live, patch } = input;
  if (live.length === 0 && patch.length === 0) return live;
  if (!isJsonObject(requireOneType(live, patch))) {
    const merged = Array.from(new Set([...live, ...patch]));
    return orderMergedList({ merged, patchOrder: patch, liveOrder: live, mergeKey: undefined });
  }
  return mergeListOfMaps(input);
}

function mergeListOfMaps(input: ListPatch): readonly JsonValue[] {
  const mergeKey = input.schema?.patchMergeKey;
  if (mergeKey === undefined) throw unmergeable("cannot merge lists without merge key");
  const { live, patch } = applyItemDirectives(input, mergeKey);
  const merged = mergeItems({ ...input, live, patch }, mergeKey);
  return orderMergedList({ merged, patchOrder: patch, liveOrder: live, mergeKey });
}

interface Lists {
  readonly live: readonly JsonValue[];
  readonly patch: readonly JsonValue[];
}

/** Obeys `$patch` in items: what is left are the live items to merge with, and those to merge. */
function applyItemDirectives(input: ListPatch, mergeKey: string): Lists {
  const patch: JsonValue[] = [];
  const deleted = new Set<JsonValue>();
  let replaces = false;
  for (const item of input.patch) {
    if (!isJsonObject(item)) throw badType("map[string]interface {}", item);
    const directive = getMember(item, "$patch");
    if (directive === undefined) patch.push(item);
    else if (directive === "replace") replaces = true;
    else if (directive === "delete") deleted.add(requireMergeKey(item, mergeKey));
    else if (directive === "merge") {
      throw unmergeable("merging lists cannot yet be specified in the patch");
    } else throw badPatchType(directive, item);
  }
  if (replaces) return { live: patch, patch: [] };
  const isKept = (item: JsonValue): boolean => !deleted.has(keyOf(item, mergeKey) ?? null);
  return { live: deleted.size === 0 ? input.live : input.live.filter(isKept), patch };
}

function mergeItems(input: ListPatch, mergeKey: string): readonly JsonValue[] {
  const merged = [...input.live];
  const places = new Map<JsonValue | undefined, number>();
  for (const [place, item] of merged.entries()) {
    const key = keyOf(item, mergeKey);
    if (!places.has(key)) places.set(key, place);
  }
  for (const item of input.patch) {
    if (!isJsonObject(item)) throw badType("map[string]interface {}", item);
    const key = requireMergeKey(item, mergeKey);
    const place = places.get(key);
    const live = place === undefined ? undefined : merged[place];
    if (place !== undefined && isJsonObject(live)) {
      merged[place] = input.mergeItem(live, item, input.schema?.items);
    } else {
      places.set(key, merged.length);
      merged.push(item);
    }
  }
  return merged;
}

function requireMergeKey(item: JsonObject, mergeKey: string): JsonValue {
  const key = getMember(item, mergeKey);
  if (key === undefined) throw noMergeKey(item, mergeKey);
  return key;
}
