import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import type {
  JsonPathComparison,
  JsonPathFilter,
  JsonPathOperand,
  JsonPathStep,
} from "./json-path-step.ts";

/** What steps lead to, one after the other. */
export function runSteps(steps: readonly JsonPathStep[], value: JsonValue): JsonValue[] {
  let values: JsonValue[] = [value];
  for (const step of steps) values = values.flatMap((each) => runStep(step, each));
  return values;
}

function runStep(step: JsonPathStep, value: JsonValue): JsonValue[] {
  switch (step.kind) {
    case "field": {
      const member =
        isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      return member === undefined ? [] : [member];
    }
    case "wildcard":
      return childrenOf(value);
    case "recursive":
      return [value, ...childrenOf(value).flatMap((child) => runStep(step, child))];
    case "index":
      return itemsAt(value, [step.at]);
    case "slice":
      return isJsonArray(value) ? itemsAt(value, sliceOf(step, value.length)) : [];
    case "union":
      return step.of.flatMap((each) => runStep(each, value));
    case "filter":
      return isJsonArray(value) ? value.filter((item) => passes(step.filter, item)) : [];
  }
}

function childrenOf(value: JsonValue): JsonValue[] {
  if (isJsonArray(value)) return [...value];
  if (!isJsonObject(value)) return [];
  return Object.values(value).filter((member) => member !== undefined);
}

function itemsAt(value: JsonValue, indexes: readonly number[]): JsonValue[] {
  if (!isJsonArray(value)) return [];
  return indexes.map((index) => value.at(index)).filter((item) => item !== undefined);
}

interface Slice {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly by: number;
}

function sliceOf({ from = 0, to, by }: Slice, length: number): readonly number[] {
  const start = Math.max(0, from < 0 ? from + length : from);
  const bound = to === undefined ? length : to < 0 ? to + length : Math.min(to, length);
  const indexes: number[] = [];
  for (let index = start; index < bound; index += by) indexes.push(index);
  return indexes;
}

function passes({ operator, left, right }: JsonPathFilter, item: JsonValue): boolean {
  const [first] = operandValues(left, item);
  if (operator === "exists") return first !== undefined;
  const [second] = right === undefined ? [] : operandValues(right, item);
  if (first === undefined || second === undefined) return false;
  return compares(first, operator, second);
}

function operandValues(operand: JsonPathOperand, item: JsonValue): readonly JsonValue[] {
  return operand.kind === "literal" ? [operand.value] : runSteps(operand.steps, item);
}

// Values of different types compare as nothing, as in Kubernetes, but both kinds of integers are one.
function compares(left: JsonValue, operator: JsonPathComparison, right: JsonValue): boolean {
  const isNumeric = isNumber(left) && isNumber(right);
  if (!isNumeric && typeof left !== typeof right) return false;
  // oxlint-disable-next-line eqeqeq -- 1n and 1 are the same integer
  const isEqual = isNumeric ? left == right : left === right;
  if (operator === "==") return isEqual;
  if (operator === "!=") return !isEqual;
  if (typeof left === "boolean" || left === null || right === null) return false;
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  return operator === ">" ? left > right : left >= right;
}

function isNumber(value: JsonValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
