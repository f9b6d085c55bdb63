import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import { type Shape, type ShapeField, shapeOf } from "./shape.ts";

/**
 * Leaves out what a Go decoder would lose: null, empty lists and maps, and zero scalars where the
 * type cannot tell them from absent ones. The same object where there is nothing to leave out.
 */
export function dropEmpty(object: JsonObject, type: string): JsonObject {
  return dropFields(object, shapeOf(type));
}

function dropFields(object: JsonObject, shape: Shape): JsonObject {
  let result: Record<string, JsonValue | undefined> | undefined;
  for (const key in object) {
    const value = object[key];
    const field = shape.get(key);
    const kept = isEmpty(value, field) ? undefined : dropInside(value, field, 0);
    if (kept === value && kept !== undefined) {
      if (result) result[key] = kept;
      continue;
    }
    result ??= copyUntil(object, key);
    if (kept !== undefined) result[key] = kept;
  }
  return result ?? object;
}

/** Whether a Go decoder cannot tell the value from an absent one. */
function isEmpty(value: JsonValue | undefined, field: ShapeField | undefined): boolean {
  if (value === undefined || value === null) return true;
  // Where empty lists are written they are stored as absent and come back as null.
  if (Array.isArray(value)) return value.length === 0;
  if (field?.keepsZero) return false;
  if (typeof value === "object") {
    // An empty struct behind a pointer says something (`emptyDir: {}`), an empty map does not.
    const isMap = field === undefined || field.containers[0] === "map";
    return isMap && field?.leaf !== "raw" && Object.keys(value).length === 0;
  }
  return value === "" || value === 0 || value === false;
}

function dropInside(
  value: JsonValue | undefined,
  field: ShapeField | undefined,
  depth: number,
): JsonValue | undefined {
  if (field === undefined || value === undefined || value === null) return value;
  const container = field.containers[depth];
  if (container === "list" && Array.isArray(value)) {
    return mapValues(value, (item) => dropInside(item, field, depth + 1) ?? null);
  }
  if (container === "map" && isJsonObject(value)) return dropInMap(value, field, depth);
  if (container !== undefined || !isJsonObject(value)) return value;
  return typeof field.leaf === "object" ? dropFields(value, shapeOf(field.leaf.struct)) : value;
}

function dropInMap(map: JsonObject, field: ShapeField, depth: number): JsonObject {
  if (typeof field.leaf !== "object") return map;
  const entries = Object.entries(map).map(
    ([key, value]) => [key, dropInside(value, field, depth + 1)] as const,
  );
  return entries.every(([key, value]) => value === map[key]) ? map : Object.fromEntries(entries);
}

function mapValues(
  list: readonly JsonValue[],
  change: (item: JsonValue) => JsonValue,
): readonly JsonValue[] {
  const result = list.map(change);
  return result.every((item, index) => item === list[index]) ? list : result;
}

function copyUntil(object: JsonObject, end: string): Record<string, JsonValue | undefined> {
  const copy: Record<string, JsonValue | undefined> = {};
  for (const key in object) {
    if (key === end) break;
    copy[key] = object[key];
  }
  return copy;
}
