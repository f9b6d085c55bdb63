import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { formatGoSyntax, formatGoType, formatGoValue } from "../patch/format-go-value.ts";
import type { FieldType } from "./field-type.ts";
import { FieldTypeError, listElement } from "./list-element.ts";
import { fieldElement, formatElement, type PathElement } from "./path-element.ts";

/**
 * What does not fit the schema in an applied object: undeclared fields, values of another type,
 * duplicates in lists that may have none. Texts such as `.spec.x: field not declared in schema`.
 */
export function validateApplied(type: FieldType, object: JsonValue): readonly string[] {
  const problems: string[] = [];
  validate({ problems, path: "" }, type, object);
  return problems;
}

interface Walk {
  readonly problems: string[];
  readonly path: string;
}

function validate(walk: Walk, type: FieldType, value: JsonValue): void {
  if (value === null) return;
  switch (type.node?.type) {
    case "object":
      if (isJsonObject(value)) validateMap(walk, type, value);
      else report(walk, `expected map, got &{${formatGoValue(value)}}`);
      return;
    case "array":
      if (isJsonArray(value)) validateList(walk, type, value);
      else report(walk, `expected list, got &{${formatGoValue(value)}}`);
      return;
    case undefined:
      if (isJsonObject(value)) validateMap(walk, type, value);
      else if (isJsonArray(value)) validateList(walk, type, value);
      return;
    default:
      validateScalar(walk, type, value);
  }
}

function validateMap(walk: Walk, type: FieldType, map: JsonObject): void {
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value === undefined) continue;
    const inner = below(walk, fieldElement(key));
    const field = type.declared(key) ?? type.undeclared;
    // Kubernetes stops looking at this map at the first such field.
    if (field === undefined) return report(inner, "field not declared in schema");
    validate(inner, field, value);
  }
}

function validateList(walk: Walk, type: FieldType, list: readonly JsonValue[]): void {
  const seen = new Set<PathElement>();
  for (const [index, item] of list.entries()) {
    const element = elementAt(walk, type, { index, item });
    if (element === undefined) return;
    if (seen.has(element)) report(walk, `duplicate entries for key ${formatElement(element)}`);
    seen.add(element);
    validate(below(walk, element), type.item, item);
  }
}

function elementAt(
  walk: Walk,
  list: FieldType,
  { index, item }: { readonly index: number; readonly item: JsonValue },
): PathElement | undefined {
  if (list.list === "atomic") return `i:${index}`;
  try {
    return listElement(list, item);
  } catch (error) {
    if (!(error instanceof FieldTypeError)) throw error;
    report(walk, `element ${index}: ${error.message}`);
    return undefined;
  }
}

function validateScalar(walk: Walk, type: FieldType, value: JsonValue): void {
  const actual = typeof value;
  const isNumber = actual === "number" || actual === "bigint";
  switch (type.node?.type) {
    case "integer":
    case "number":
      if (!isNumber) report(walk, `expected numeric (int or float), got ${formatGoType(value)}`);
      return;
    case "boolean":
      if (actual !== "boolean") report(walk, `expected boolean, got &{${formatGoValue(value)}}`);
      return;
    default:
      if (actual === "string" || (actual !== "object" && isUntyped(type))) return;
      report(
        walk,
        isUntyped(type)
          ? `expected any scalar, got &{${formatGoValue(value)}}`
          : `expected string, got &value.valueUnstructured{Value:${formatGoSyntax(value)}}`,
      );
  }
}

// Strings of a format other than `byte` may be any scalar to structured-merge-diff.
function isUntyped(type: FieldType): boolean {
  const format = type.node?.rules["format"];
  return typeof format === "string" && format !== "" && format !== "byte";
}

function below(walk: Walk, element: PathElement): Walk {
  return { problems: walk.problems, path: walk.path + formatElement(element) };
}

function report(walk: Walk, problem: string): void {
  walk.problems.push(walk.path === "" ? problem : `${walk.path}: ${problem}`);
}
