import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { getMember } from "../patch/json-members.ts";
import { defaultKey, type FieldType } from "./field-type.ts";
import { keyElement, type PathElement, valueElement } from "./path-element.ts";

/** A value that does not fit its schema so far that nobody can own its parts. */
export class FieldTypeError extends Error {
  override readonly name = "FieldTypeError";
}

/**
 * The path element of an item of a set or list map.
 *
 * @throws {FieldTypeError} If the item cannot be told from others.
 */
export function listElement(list: FieldType, item: JsonValue): PathElement {
  return list.list === "map" ? listMapElement(list, item) : setElement(item);
}

/** Items by path element, each in the order of the list. */
export function indexList(
  list: FieldType,
  items: readonly JsonValue[],
): ReadonlyMap<PathElement, readonly JsonValue[]> {
  const index = new Map<PathElement, JsonValue[]>();
  for (const item of items) {
    const element = listElement(list, item);
    const same = index.get(element);
    if (same) same.push(item);
    else index.set(element, [item]);
  }
  return index;
}

function listMapElement(list: FieldType, item: JsonValue): PathElement {
  if (item === null) {
    throw new FieldTypeError("associative list with keys may not have a null element");
  }
  if (!isJsonObject(item)) {
    throw new FieldTypeError("associative list with keys may not have non-map elements");
  }
  const keys = keysOf(list, item);
  if (keys.length > 0) return keyElement(keys);
  const names = list.listKeys.map((key) => JSON.stringify(key)).join(" ");
  throw new FieldTypeError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function keysOf(list: FieldType, item: JsonObject): readonly (readonly [string, JsonValue])[] {
  const keys: (readonly [string, JsonValue])[] = [];
  for (const name of list.listKeys) {
    const value = getMember(item, name) ?? defaultKey(list.item, name);
    if (value !== undefined) keys.push([name, value]);
  }
  return keys;
}

function setElement(item: JsonValue): PathElement {
  if (isJsonObject(item)) {
    throw new FieldTypeError("associative list without keys has an element that's a map type");
  }
  if (isJsonArray(item)) {
    throw new FieldTypeError("not supported: associative list with lists as elements");
  }
  if (item === null) {
    throw new FieldTypeError(
      "associative list without keys has an element that's an explicit null",
    );
  }
  return valueElement(item);
}
