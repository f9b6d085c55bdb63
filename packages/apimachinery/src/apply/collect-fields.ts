import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { FieldSet } from "./field-set.ts";
import { FieldSetBuilder } from "./field-set-builder.ts";
import type { FieldType } from "./field-type.ts";
import { indexList } from "./list-element.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

interface Walk {
  readonly path: PathElement[];
  readonly fields: FieldSetBuilder;
}

/**
 * The fields that an object sets: leaves, items of list maps and of sets, and keys of maps.
 *
 * @throws {FieldTypeError} If items of a list cannot be told from one another.
 */
export function collectFields(type: FieldType, object: JsonValue): FieldSet {
  const walk: Walk = { path: [], fields: new FieldSetBuilder() };
  collect(walk, type, object);
  return walk.fields.build();
}

function collect(walk: Walk, type: FieldType, value: JsonValue): void {
  switch (type.kindOf(value)) {
    case "map":
      if (type.mapIsAtomic) walk.fields.add(walk.path);
      else if (isJsonObject(value)) collectMap(walk, type, value);
      return;
    case "list":
      if (type.list === "atomic") walk.fields.add(walk.path);
      else if (isJsonArray(value)) collectList(walk, type, value);
      return;
    default:
      walk.fields.add(walk.path);
  }
}

function collectMap(walk: Walk, type: FieldType, map: JsonObject): void {
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value === undefined) continue;
    walk.path.push(fieldElement(key));
    collect(walk, type.field(key), value);
    // Declared fields are not owned beside what is in them, keys of a map are.
    if (isEmptyOrNull(value) || type.declared(key) === undefined) walk.fields.add(walk.path);
    walk.path.pop();
  }
}

function collectList(walk: Walk, type: FieldType, list: readonly JsonValue[]): void {
  for (const [element, items] of indexList(type, list)) {
    walk.path.push(element);
    const [item] = items;
    if (items.length === 1 && item !== undefined) collect(walk, type.item, item);
    walk.fields.add(walk.path);
    walk.path.pop();
  }
}

function isEmptyOrNull(value: JsonValue): boolean {
  if (!isJsonObject(value)) return value === null;
  for (const key in value) if (value[key] !== undefined) return false;
  return true;
}
