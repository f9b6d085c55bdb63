import { labelValueErrors, qualifiedNameErrors } from "../meta/name-rules.ts";
import { type FieldError, invalid, notSupported } from "../status/field-error.ts";
import { SelectorError } from "./selector-error.ts";

/** How a requirement compares, in the words of a selector's text. */
export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** One condition on the labels of an object. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, each once. */
  readonly values: readonly string[];
}

const integerPattern = /^[+-]?\d+$/;

/**
 * Makes a requirement.
 *
 * @throws {SelectorError} If the key, a value or their number is wrong.
 */
export function createRequirement(
  key: string,
  operator: LabelOperator,
  values: readonly string[],
): LabelRequirement {
  const errors = [
    ...keyErrors(key, "key"),
    ...countErrors(operator, values),
    ...values.flatMap((value, index) => valueErrors(operator, value, `values[${index}]`)),
  ];
  if (errors.length > 0) throw new SelectorError(describeErrors(errors));
  return { key, operator, values: Array.from(new Set(values)).sort() };
}

/** @throws {SelectorError} If a key is not a qualified name. */
export function checkLabelKey(key: string): void {
  const errors = keyErrors(key, "<nil>");
  if (errors.length > 0) throw new SelectorError(describeErrors(errors));
}

/** Whether labels meet a requirement; `!=` and `notin` also where the key is not there. */
export function meets(
  { key, operator, values }: LabelRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "gt":
      return value !== undefined && compareIntegers(value, values[0] ?? "") > 0;
    case "lt":
      return value !== undefined && compareIntegers(value, values[0] ?? "") < 0;
    default:
      return value !== undefined && values.includes(value);
  }
}

/** The requirement as a selector's text has it. */
export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`;
    case "gt":
      return `${key}>${values[0]}`;
    case "lt":
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

// NaN, so false whatever is asked, where one is not an integer.
function compareIntegers(left: string, right: string): number {
  if (!integerPattern.test(left) || !integerPattern.test(right)) return Number.NaN;
  const difference = BigInt(left) - BigInt(right);
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

function keyErrors(key: string, path: string): readonly FieldError[] {
  const errors = qualifiedNameErrors(key);
  return errors.length === 0 ? [] : [invalid(path, key, errors.join("; "))];
}

function valueErrors(operator: LabelOperator, value: string, path: string): readonly FieldError[] {
  const isNumeric = operator === "gt" || operator === "lt";
  const errors = labelValueErrors(value);
  return [
    ...(isNumeric && !integerPattern.test(value)
      ? [invalid(path, value, "for 'Gt', 'Lt' operators, the value must be an integer")]
      : []),
    ...(errors.length === 0 ? [] : [invalid(path, value, errors.join("; "))]),
  ];
}

function countErrors(operator: LabelOperator, values: readonly string[]): readonly FieldError[] {
  const fail = (detail: string): readonly FieldError[] => [invalid("values", values, detail)];
  switch (operator) {
    case "in":
    case "notin":
      return values.length > 0
        ? []
        : fail("for 'in', 'notin' operators, values set can't be empty");
    case "exists":
    case "!":
      return values.length === 0
        ? []
        : fail("values set must be empty for exists and does not exist");
    case "gt":
    case "lt":
      return values.length === 1
        ? []
        : fail("for 'Gt', 'Lt' operators, exactly one value is required");
    case "=":
    case "==":
    case "!=":
      return values.length === 1 ? [] : fail("exact-match compatibility requires one single value");
    default:
      return [notSupported("operator", operator, [])];
  }
}

function describeErrors(errors: readonly FieldError[]): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
}
