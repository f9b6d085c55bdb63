import type { JsonValue } from "../meta/json-value.ts";
import type { CompiledNode } from "./compiled-node.ts";

/** What a value should have been, and what it is, in the words of Kubernetes' messages. */
export interface TypeMismatch {
  readonly expected: string;
  readonly actual: string;
}

interface ValueType {
  readonly type: string;
  readonly format: string;
}

const integer: ValueType = { type: "integer", format: "int64" };
const double: ValueType = { type: "number", format: "float64" };
const plain = new Map(
  ["string", "boolean", "array", "object"].map((type) => [type, { type, format: "" }]),
);
const intOrString = ["integer", "string"];

/** Whether the value's JSON type is not the node's. Strings and lists pass where a format is asked for, as in Kubernetes. */
export function findTypeMismatch(node: CompiledNode, value: JsonValue): TypeMismatch | undefined {
  const { type } = node;
  if (type === undefined && !node.intOrString) return undefined;
  if (value === null) {
    if (node.nullable) return undefined;
    return { expected: type ?? intOrString.join(","), actual: "null" };
  }
  const actual = typeOf(value);
  if (type === actual.type) return undefined;
  if (type === undefined && intOrString.includes(actual.type)) return undefined;
  if (type === "number" && actual.type === "integer") return undefined;
  const format = node.intOrString ? "" : node.format;
  const isText = actual.type === "string" || actual.type === "array";
  if (format !== "" && isText && type !== "number" && type !== "integer") return undefined;
  if (format !== "" && !isText) {
    return actual.format === format ? undefined : { expected: format, actual: actual.format };
  }
  return { expected: type ?? intOrString.join(","), actual: actual.type };
}

/** Whether a number is one that Kubernetes counts as an integer. */
export function isInteger(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

function typeOf(value: JsonValue): ValueType {
  if (typeof value === "number") return isInteger(value) ? integer : double;
  if (typeof value === "bigint") return integer;
  const name = Array.isArray(value) ? "array" : typeof value;
  return plain.get(name) ?? double;
}
