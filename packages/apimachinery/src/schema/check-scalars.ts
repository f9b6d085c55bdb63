import { isJsonEqual } from "../meta/json-equal.ts";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { stringifyJson } from "../codec/json.ts";
import {
  type FieldError,
  invalid,
  notSupported,
  tooLong,
  tooMany,
  typeInvalid,
} from "../status/field-error.ts";
import { noField } from "./check-logic.ts";
import type { CompiledNode } from "./compiled-node.ts";
import { hasFormat } from "./formats.ts";
import { formatGoFloat } from "./go-number.ts";
import type { ValueChecks } from "./value-checks.ts";
import { isInteger } from "./value-type.ts";

/** Checks length, pattern (the first broken one only) and format of a text. */
export function checkString(
  node: CompiledNode,
  text: string,
  path: string,
  errors: FieldError[],
): void {
  if (node.checks) checkText(node.checks, text, path, errors);
  if (node.format !== "" && hasFormat(node.format, text) === false) {
    const detail = `${path} in body must be of type ${node.format}: ${JSON.stringify(text)}`;
    errors.push(typeInvalid(path, text, detail));
  }
}

function checkText(checks: ValueChecks, text: string, path: string, errors: FieldError[]): void {
  const { maxLength, minLength, pattern } = checks;
  if (maxLength !== undefined && codePoints(text, maxLength) > maxLength) {
    errors.push(tooLong(path, maxLength));
  } else if (minLength !== undefined && codePoints(text, minLength) < minLength) {
    errors.push(invalid(path, text, `${path} in body should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && !pattern.matches(text)) {
    errors.push(invalid(path, text, `${path} in body should match '${pattern.text}'`));
  }
}

// Counting is only worth it where the count in UTF-16 does not already decide.
function codePoints(text: string, bound: number): number {
  if (text.length < bound || text.length > bound * 2) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Checks the range of the number's type, then `multipleOf`, `minimum` and `maximum`. */
export function checkNumber(
  node: CompiledNode,
  value: number | bigint,
  path: string,
  errors: FieldError[],
): void {
  checkRange(node, { value, prefix: "Checked" }, path, errors);
  const { checks } = node;
  if (!checks) return;
  const { multipleOf, minimum, maximum } = checks;
  const bound = (limit: number, prefix: string, broken: boolean, rule: string): void => {
    checkRange(node, { value: limit, prefix }, path, errors);
    if (broken) errors.push(invalid(path, value, `${path} in body should be ${rule}`));
  };
  if (multipleOf !== undefined) {
    const rule = `a multiple of ${formatGoFloat(multipleOf)}`;
    bound(multipleOf, "MultipleOf", !isMultiple(value, multipleOf), rule);
  }
  if (minimum !== undefined) {
    const broken = checks.exclusiveMinimum ? value <= minimum : value < minimum;
    const word = checks.exclusiveMinimum ? "greater than" : "greater than or equal to";
    bound(minimum, "Minimum", broken, `${word} ${formatGoFloat(minimum)}`);
  }
  if (maximum !== undefined) {
    const broken = checks.exclusiveMaximum ? value >= maximum : value > maximum;
    const word = checks.exclusiveMaximum ? "less than" : "less than or equal to";
    bound(maximum, "Maximum", broken, `${word} ${formatGoFloat(maximum)}`);
  }
}

function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === "bigint") return Number.isInteger(of) && value % BigInt(of) === 0n;
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

interface RangedNumber {
  readonly value: number | bigint;
  readonly prefix: string;
}

function checkRange(
  node: CompiledNode,
  { value, prefix }: RangedNumber,
  path: string,
  errors: FieldError[],
): void {
  if (isInRange(node, value)) return;
  const format = node.format === "" ? "(default format)" : `with format ${node.format}`;
  const detail = `${prefix} value must be of type ${node.type ?? ""} ${format} in ${path}`;
  errors.push(invalid(noField, "", detail));
}

const maxFloat = 3.4028234663852886e38;

function isInRange(node: CompiledNode, value: number | bigint): boolean {
  if (node.type === "integer") {
    if (!isInteger(value)) return false;
    if (node.format === "int32") return value >= -2147483648 && value <= 2147483647;
    if (node.format === "uint32") return value >= 0 && value <= 4294967295;
    return node.format !== "uint64" || value >= 0;
  }
  if (node.format !== "float" && node.format !== "float32") return true;
  return Math.abs(Number(value)) <= maxFloat;
}

/** Checks `enum`. */
export function checkEnum(
  checks: ValueChecks,
  value: JsonValue,
  path: string,
  errors: FieldError[],
): void {
  const { enumValues } = checks;
  if (enumValues === undefined) return;
  if (enumValues.includes(value)) return;
  if (enumValues.some((allowed) => isJsonEqual(allowed, value))) return;
  const texts = enumValues.map((each) => (typeof each === "string" ? each : stringifyJson(each)));
  errors.push(notSupported(path, value, texts));
}

/** Checks the number of a list's items and, where asked, that no two are equal. */
export function checkListSize(
  checks: ValueChecks,
  list: readonly JsonValue[],
  path: string,
  errors: FieldError[],
): void {
  const { minItems, maxItems } = checks;
  const size = list.length;
  if (minItems !== undefined && size < minItems) {
    errors.push(invalid(path, size, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && size > maxItems) errors.push(tooMany(path, size, maxItems));
  if (checks.uniqueItems && hasEqualItems(list)) {
    errors.push(invalid(path, "", `${path} in body shouldn't contain duplicates`));
  }
}

function hasEqualItems(list: readonly JsonValue[]): boolean {
  return list.some((item, at) => list.slice(0, at).some((other) => isJsonEqual(item, other)));
}

/** Checks the number of an object's members. True where it is wrong: then nothing inside is looked at. */
export function checkObjectSize(
  checks: ValueChecks,
  object: JsonObject,
  path: string,
  errors: FieldError[],
): boolean {
  const { minProperties, maxProperties } = checks;
  if (minProperties === undefined && maxProperties === undefined) return false;
  const size = Object.keys(object).length;
  if (minProperties !== undefined && size < minProperties) {
    const rule = `should have at least ${minProperties} properties`;
    errors.push(invalid(path, size, `${path} in body ${rule}`));
    return true;
  }
  if (maxProperties === undefined || size <= maxProperties) return false;
  errors.push(tooMany(path, size, maxProperties));
  return true;
}
