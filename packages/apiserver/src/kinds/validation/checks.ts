import {
  duplicate,
  type FieldError,
  invalid,
  isJsonEqual,
  type JsonObject,
  type JsonValue,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { objectAt, objectsAt, stringAt, stringMapAt, valueAt, valuesAt } from "../plain/plain.ts";
import { quantityNanos } from "../quantity/quantity.ts";
import { brokenLabelValue, brokenQualifiedName } from "./names.ts";

/** `must be greater than or equal to 0`, where there is a number. */
export function checkNonNegative(path: string, value: JsonValue | undefined): FieldError[] {
  return typeof value === "number" && value < 0
    ? [invalid(path, value, "must be greater than or equal to 0")]
    : [];
}

/** One of a few strings; absent ones are not looked at. */
export function checkEnum(path: string, value: string, supported: readonly string[]): FieldError[] {
  if (value === "" || supported.includes(value)) return [];
  return [notSupported(path, value, supported)];
}

/** A port number. */
export function checkPortNumber(path: string, port: JsonValue | undefined): FieldError[] {
  return typeof port === "number" && port >= 1 && port <= 65_535
    ? []
    : [invalid(path, port ?? 0, "must be between 1 and 65535, inclusive")];
}

/** A port by number or by name (IANA service name). */
export function checkPortNumberOrName(path: string, port: JsonValue | undefined): FieldError[] {
  if (typeof port === "string")
    return brokenPortName(port).map((rule) => invalid(path, port, rule));
  return checkPortNumber(path, port);
}

/** The broken rules of a port's name. */
export function brokenPortName(name: string): readonly string[] {
  const broken: string[] = [];
  if (name.length > 15) broken.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(name)) {
    broken.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(name)) broken.push("must contain at least one letter (a-z)");
  if (name.includes("--")) broken.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) {
    broken.push("must not begin or end with a hyphen");
  }
  return broken;
}

/** `must match the regular expression` and `must be greater than or equal to 0` of amounts. */
export function checkQuantity(path: string, value: JsonValue | undefined): FieldError[] {
  const nanos = quantityNanos(value);
  if (nanos === undefined) return [];
  return nanos < 0n ? [invalid(path, value, "must be greater than or equal to 0")] : [];
}

/** An int or a percentage such as `25%`. */
export function checkIntOrPercent(path: string, value: JsonValue | undefined): FieldError[] {
  if (typeof value === "number") return checkNonNegative(path, value);
  if (typeof value !== "string" || /^\d+%$/.test(value)) return [];
  const rule =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalid(path, value, rule)];
}

/** Keys and values of labels. */
export function checkLabels(path: string, labels: JsonObject): FieldError[] {
  return Object.entries(stringMapAt(labels)).flatMap(([key, value]) => [
    ...brokenQualifiedName(key).map((rule) => invalid(path, key, rule)),
    ...brokenLabelValue(value).map((rule) => invalid(path, value, rule)),
  ]);
}

/** A label selector's requirements. */
export function checkLabelSelector(path: string, selector: JsonObject): FieldError[] {
  const labels = checkLabels(`${path}.matchLabels`, objectAt(selector, "matchLabels"));
  const requirements = objectsAt(selector, "matchExpressions").flatMap((item, at) =>
    checkRequirement(`${path}.matchExpressions[${at}]`, item),
  );
  return [...labels, ...requirements];
}

function checkRequirement(path: string, item: JsonObject): FieldError[] {
  const operator = stringAt(item, "operator");
  const values = valuesAt(item, "values");
  const errors: FieldError[] = [];
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.push(
        required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
      );
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      errors.push({
        reason: "FieldValueForbidden",
        field: `${path}.values`,
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      });
    }
  } else {
    errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  }
  const key = stringAt(item, "key");
  return [...errors, ...brokenQualifiedName(key).map((rule) => invalid(`${path}.key`, key, rule))];
}

/** `field is immutable`, where two values differ. */
export function checkImmutable(
  path: string,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
): FieldError[] {
  return isJsonEqual(value, old) ? [] : [invalid(path, value, "field is immutable")];
}

/** The same names twice in a list. */
export function checkUnique(
  values: readonly string[],
  pathAt: (index: number) => string,
): FieldError[] {
  return values.flatMap((value, at) =>
    value !== "" && values.indexOf(value) < at ? [duplicate(pathAt(at), value)] : [],
  );
}

/** Whether labels satisfy a label selector; an absent selector matches nothing. */
export function selectorMatches(selector: JsonObject | undefined, labels: JsonObject): boolean {
  if (!selector) return false;
  const wanted = Object.entries(objectAt(selector, "matchLabels"));
  if (!wanted.every(([key, value]) => labels[key] === value)) return false;
  return objectsAt(selector, "matchExpressions").every((item) => requirementHolds(item, labels));
}

function requirementHolds(item: JsonObject, labels: JsonObject): boolean {
  const value = valueAt(labels, stringAt(item, "key"));
  const values = valuesAt(item, "values");
  switch (stringAt(item, "operator")) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}
