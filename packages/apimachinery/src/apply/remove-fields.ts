import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { type JsonObjectDraft, setMember } from "../patch/json-members.ts";
import { asMember, type FieldSet, isMember, noFields } from "./field-set.ts";
import { FieldType } from "./field-type.ts";
import { listElement } from "./list-element.ts";
import { fieldElement, type PathElement } from "./path-element.ts";

/**
 * The object without these fields. A map or list that loses all it had becomes null, as in
 * structured-merge-diff; what is not touched is shared.
 */
export function removeFields(type: FieldType, object: JsonObject, fields: FieldSet): JsonObject {
  const remaining = remove(type, object, fields);
  return isJsonObject(remaining) ? remaining : {};
}

function remove(type: FieldType, value: JsonValue, fields: FieldSet): JsonValue {
  switch (type.kindOf(value)) {
    case "map":
      return type.mapIsAtomic || !isJsonObject(value) ? null : removeFromMap(type, value, fields);
    case "list":
      return type.list === "atomic" || !isJsonArray(value)
        ? null
        : removeFromList(type, value, fields);
    default:
      return value;
  }
}

function removeFromMap(type: FieldType, map: JsonObject, fields: FieldSet): JsonValue {
  const remaining: JsonObjectDraft = {};
  let count = 0;
  for (const key of Object.keys(map)) {
    const value = map[key];
    const node = fields[fieldElement(key)];
    if (value === undefined || (node && isMember(node))) continue;
    count += 1;
    setMember(remaining, key, node ? remove(type.field(key), value, node) : value);
  }
  return count === 0 ? null : remaining;
}

function removeFromList(type: FieldType, list: readonly JsonValue[], fields: FieldSet): JsonValue {
  const remaining: JsonValue[] = [];
  for (const item of list) {
    const node = fields[listElement(type, item)];
    if (node && isMember(node)) continue;
    remaining.push(node ? remove(type.item, item, node) : item);
  }
  return remaining.length === 0 ? null : remaining;
}

/** The set with every declared field in it that has members below: whole structs can then go. */
export function withDeclaredFields(type: FieldType, set: FieldSet): FieldSet {
  const named: Record<PathElement, FieldSet> = {};
  for (const element of Object.keys(set)) {
    const node = set[element] ?? noFields;
    const { child, isDeclared } = stepInto(type, element);
    const below = withDeclaredFields(child, node);
    named[element] = isDeclared ? asMember(below) : below;
  }
  return named;
}

function stepInto(
  type: FieldType,
  element: PathElement,
): { readonly child: FieldType; readonly isDeclared: boolean } {
  if (element.startsWith("k:")) return { child: type.item, isDeclared: false };
  if (!element.startsWith("f:")) return { child: FieldType.deduced, isDeclared: false };
  const name = element.slice(2);
  return { child: type.field(name), isDeclared: type.declared(name) !== undefined };
}
