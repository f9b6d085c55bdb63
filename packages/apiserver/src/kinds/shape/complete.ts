import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import { canonicalQuantity } from "../quantity/quantity.ts";
import { type ShapeField, shapeOf } from "./shape.ts";
import { canonicalTime } from "./canonical-time.ts";

/**
 * Writes an object as Kubernetes does: fields that are always written get their zero value,
 * quantities and times their canonical form. The same object where nothing changes.
 */
export function complete(object: JsonObject, type: string): JsonObject {
  let result: Record<string, JsonValue | undefined> | undefined;
  for (const [name, field] of shapeOf(type)) {
    const value = object[name];
    const written = value === undefined ? absentValue(field) : completeInside(value, field, 0);
    if (written === value) continue;
    result ??= { ...object };
    result[name] = written;
  }
  return result ?? object;
}

/** What an absent field is written as. */
function absentValue(field: ShapeField): JsonValue | undefined {
  if (field.absent === undefined) return undefined;
  if (field.absent === "null" || field.containers.length > 0) return null;
  if (field.leaf === "quantity") return "0";
  return typeof field.leaf === "object" ? complete({}, field.leaf.struct) : field.zero;
}

function completeInside(value: JsonValue, field: ShapeField, depth: number): JsonValue {
  const container = field.containers[depth];
  if (container === "list") {
    if (!Array.isArray(value) || field.leaf === "plain") return value;
    const list: readonly JsonValue[] = value;
    const items = list.map((item) => completeInside(item, field, depth + 1));
    return items.every((item, index) => item === list[index]) ? value : items;
  }
  if (container === "map") {
    if (!isJsonObject(value) || field.leaf === "plain") return value;
    return completeMap(value, field, depth);
  }
  return completeLeaf(value, field);
}

function completeMap(map: JsonObject, field: ShapeField, depth: number): JsonObject {
  let result: Record<string, JsonValue | undefined> | undefined;
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const written = completeInside(value, field, depth + 1);
    if (written === value) continue;
    result ??= { ...map };
    result[key] = written;
  }
  return result ?? map;
}

function completeLeaf(value: JsonValue, field: ShapeField): JsonValue {
  const { leaf } = field;
  if (typeof leaf === "object") return isJsonObject(value) ? complete(value, leaf.struct) : value;
  if (leaf === "quantity") return canonicalQuantity(value);
  if (leaf === "time" || leaf === "microTime") return canonicalTime(value, leaf);
  return value;
}
