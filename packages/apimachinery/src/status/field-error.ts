import { stringifyJson } from "../codec/json.ts";
import type { JsonValue } from "../meta/json-value.ts";
import type { StatusCause } from "./status-error.ts";

/**
 * One broken rule of one field; several make one 422 answer. `reason` and the texts are those of
 * Kubernetes' `field.Error` (apimachinery `pkg/util/validation/field/errors.go`).
 */
export interface FieldError {
  readonly reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueDuplicate"
    | "FieldValueNotFound"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "InternalError";
  /** Path such as `spec.ports[0].port`, or `metadata.labels`. */
  readonly field: string;
  /** The text after the field, e.g. `Required value: name or generateName is required`. */
  readonly message: string;
}

/** `Required value[: detail]`. */
export function required(field: string, detail = ""): FieldError {
  return make("FieldValueRequired", field, "Required value", detail);
}

/** `Invalid value: <value>: detail`. */
export function invalid(field: string, value: JsonValue | undefined, detail: string): FieldError {
  return make("FieldValueInvalid", field, `Invalid value: ${formatValue(value)}`, detail);
}

/** `Forbidden: detail`. */
export function forbiddenField(field: string, detail: string): FieldError {
  return make("FieldValueForbidden", field, "Forbidden", detail);
}

/** `Duplicate value: <value>`. */
export function duplicate(field: string, value: JsonValue | undefined): FieldError {
  return make("FieldValueDuplicate", field, `Duplicate value: ${formatValue(value)}`, "");
}

/** `Not found: <value>`. */
export function notFoundField(field: string, value: JsonValue | undefined): FieldError {
  return make("FieldValueNotFound", field, `Not found: ${formatValue(value)}`, "");
}

/** `Unsupported value: <value>: supported values: "a", "b"`. */
export function notSupported(
  field: string,
  value: JsonValue | undefined,
  supported: readonly string[],
): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(", ");
  const detail = supported.length > 0 ? `supported values: ${list}` : "";
  return make("FieldValueNotSupported", field, `Unsupported value: ${formatValue(value)}`, detail);
}

/** `Too long: may not be more than N bytes`. */
export function tooLong(field: string, maxBytes: number): FieldError {
  return make("FieldValueTooLong", field, "Too long", `may not be more than ${maxBytes} bytes`);
}

/** `Too many: N: must have at most M items`. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  const items = max === 1 ? "item" : "items";
  const detail = `must have at most ${max} ${items}`;
  return make("FieldValueTooMany", field, `Too many: ${actual}`, detail);
}

/** `Invalid value: <value>: detail`, for a value of the wrong type. */
export function typeInvalid(
  field: string,
  value: JsonValue | undefined,
  detail: string,
): FieldError {
  return make("FieldValueTypeInvalid", field, `Invalid value: ${formatValue(value)}`, detail);
}

/** The cause that stands in `details.causes[]`. */
export function toCause(error: FieldError): StatusCause {
  return { reason: error.reason, message: error.message, field: error.field };
}

function make(
  reason: FieldError["reason"],
  field: string,
  head: string,
  detail: string,
): FieldError {
  return { reason, field, message: detail === "" ? head : `${head}: ${detail}` };
}

/** A value as Kubernetes prints it in a message: strings quoted, objects as JSON, absent as null. */
export function formatValue(value: JsonValue | undefined): string {
  return value === undefined ? "null" : stringifyJson(value);
}
