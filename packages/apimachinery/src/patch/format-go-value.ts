import { stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";

/** A value as Go's `%v` prints it: `map[a:1 b:[x y]]`. Kubernetes has it in some messages. */
export function formatGoValue(value: JsonValue): string {
  if (isJsonArray(value)) return `[${value.map(formatGoValue).join(" ")}]`;
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${key}:${formatGoValue(value[key] ?? null)}`);
    return `map[${members.join(" ")}]`;
  }
  return value === null ? "<nil>" : String(value);
}

/** A value as Go's `%#v` prints it: `map[string]interface {}{"a":1}`. */
export function formatGoSyntax(value: JsonValue): string {
  if (isJsonArray(value)) return `[]interface {}{${value.map(formatGoSyntax).join(", ")}}`;
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${formatGoSyntax(value[key] ?? null)}`);
    return `map[string]interface {}{${members.join(", ")}}`;
  }
  return value === null ? "interface {}(nil)" : stringifyJson(value);
}

/** The name of the Go type that a decoded value has. */
export function formatGoType(value: JsonValue): string {
  if (isJsonArray(value)) return "[]interface {}";
  if (isJsonObject(value)) return "map[string]interface {}";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int64";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    case "string":
      return "string";
    default:
      return "%!s(<nil>)";
  }
}
