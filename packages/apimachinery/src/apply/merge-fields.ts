import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember, type JsonObjectDraft, setMember } from "../patch/json-members.ts";
import type { FieldType } from "./field-type.ts";
import { listElement } from "./list-element.ts";
import type { PathElement } from "./path-element.ts";

/**
 * Merges what is applied into what is there: maps by key, sets and list maps by item, all else is
 * replaced. Neither argument is changed; what only one of them has is shared with it.
 *
 * @throws {FieldTypeError} If items of a list cannot be told from one another.
 */
export function mergeFields(
  type: FieldType,
  { live, applied }: { readonly live: JsonObject; readonly applied: JsonObject },
): JsonObject {
  return mergeMap(type, live, applied);
}

function merge(type: FieldType, live: JsonValue | undefined, applied: JsonValue): JsonValue {
  if (live === undefined || live === applied) return applied;
  const kind = type.kindOf(applied);
  if (kind === "map" && !type.mapIsAtomic && isJsonObject(live) && !isEmpty(live)) {
    // A null or empty map sets nothing: what is there stays.
    return isJsonObject(applied) ? mergeMap(type, live, applied) : live;
  }
  if (kind === "list" && type.list !== "atomic" && isJsonArray(live) && live.length > 0) {
    return isJsonArray(applied) && applied.length > 0 ? mergeList(type, live, applied) : live;
  }
  return applied;
}

function mergeMap(type: FieldType, live: JsonObject, applied: JsonObject): JsonObject {
  const merged: JsonObjectDraft = { ...live };
  let changed = false;
  for (const key of Object.keys(applied)) {
    const value = applied[key];
    if (value === undefined) continue;
    const before = getMember(live, key);
    const after = merge(type.field(key), before, value);
    changed ||= after !== before;
    setMember(merged, key, after);
  }
  return changed ? merged : live;
}

interface Indexed {
  readonly elements: readonly PathElement[];
  readonly items: ReadonlyMap<PathElement, JsonValue>;
}

/**
 * Items of both lists. Those of `applied` are in its order; those that only `live` has stay where
 * they are relative to their neighbours that both have.
 */
function mergeList(
  type: FieldType,
  live: readonly JsonValue[],
  applied: readonly JsonValue[],
): readonly JsonValue[] {
  const left = indexItems(type, live);
  const right = indexItems(type, applied);
  const shared = right.elements.filter((element) => left.items.has(element));
  const merged: JsonValue[] = [];
  const done = new Set<PathElement>();
  let next = 0;
  const take = (element: PathElement, item: JsonValue): void => {
    done.add(element);
    merged.push(merge(type.item, left.items.get(element) ?? undefined, item));
    if (element === shared[next]) next += 1;
  };
  let at = 0;
  for (const [position, element] of right.elements.entries()) {
    // First what only the live list has, up to the next item that both have.
    for (; at < left.elements.length; at += 1) {
      const ours = left.elements[at] ?? "";
      if (ours === element) break;
      if (!right.items.has(ours)) merged.push(live[at] ?? null);
      else if (shared[next] === undefined || shared[next] === ours) {
        if (done.has(ours)) at += 1;
        break;
      }
    }
    take(element, applied[position] ?? null);
    if (left.elements[at] === element) at += 1;
  }
  for (; at < left.elements.length; at += 1) {
    if (!right.items.has(left.elements[at] ?? "")) merged.push(live[at] ?? null);
  }
  return merged;
}

// An item that occurs twice in the live list is not merged with: null stands for it.
function indexItems(type: FieldType, list: readonly JsonValue[]): Indexed {
  const items = new Map<PathElement, JsonValue>();
  const elements = list.map((item) => {
    const element = listElement(type, item);
    items.set(element, items.has(element) ? null : item);
    return element;
  });
  return { elements, items };
}

function isEmpty(map: JsonObject): boolean {
  for (const key in map) if (map[key] !== undefined) return false;
  return true;
}
