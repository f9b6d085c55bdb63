import type { JsonValue } from "../meta/json-value.ts";

/** How Go's JSON decoder names the type of a value in `cannot unmarshal … into …`. */
export function describeGoJsonType(value: JsonValue): string {
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "number";
    default:
      return value === null ? "null" : typeof value;
  }
}
