import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { compilePattern, type PatternCheck } from "./pattern.ts";

/** The value rules of a schema, ready to run. `Node` is what sub-schemas of `allOf` and so on become. */
export interface ValueChecks<Node = unknown> {
  readonly enumValues: readonly JsonValue[] | undefined;
  readonly pattern: PatternCheck | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly uniqueItems: boolean;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly allOf: readonly Node[];
  readonly anyOf: readonly Node[];
  readonly oneOf: readonly Node[];
  readonly not: Node | undefined;
  /** Whether there is any of the four. */
  readonly hasLogic: boolean;
}

const logic = new Set(["allOf", "anyOf", "oneOf", "not"]);

/** Compiles rules; `undefined` where they ask nothing beyond a format. */
export function compileChecks<Node>(
  rules: JsonObject,
  nodeOf: (schema: JsonObject) => Node,
): ValueChecks<Node> | undefined {
  const names = Object.keys(rules).filter(
    (name) => name !== "format" && name !== "x-kubernetes-validations",
  );
  if (names.length === 0) return undefined;
  const enumValues = rules["enum"];
  const { not, pattern } = rules;
  const number = (name: string): number | undefined => toNumber(rules[name]);
  const nodes = (name: string): readonly Node[] => schemasOf(rules[name]).map(nodeOf);
  return {
    enumValues: isJsonArray(enumValues) && enumValues.length > 0 ? enumValues : undefined,
    pattern: typeof pattern === "string" && pattern !== "" ? compilePattern(pattern) : undefined,
    minimum: number("minimum"),
    maximum: number("maximum"),
    exclusiveMinimum: rules["exclusiveMinimum"] === true,
    exclusiveMaximum: rules["exclusiveMaximum"] === true,
    multipleOf: number("multipleOf"),
    minLength: number("minLength"),
    maxLength: number("maxLength"),
    minItems: number("minItems"),
    maxItems: number("maxItems"),
    uniqueItems: rules["uniqueItems"] === true,
    minProperties: number("minProperties"),
    maxProperties: number("maxProperties"),
    allOf: nodes("allOf"),
    anyOf: nodes("anyOf"),
    oneOf: nodes("oneOf"),
    not: isJsonObject(not) ? nodeOf(not) : undefined,
    hasLogic: names.some((name) => logic.has(name)),
  };
}

function toNumber(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

function schemasOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}
