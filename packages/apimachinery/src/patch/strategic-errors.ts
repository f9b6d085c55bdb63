import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { StatusError } from "../status/status-error.ts";
import { badRequest } from "../status/status-errors.ts";
import { formatGoType, formatGoValue } from "./format-go-value.ts";

/** 400: a directive that does not have the form it must have. */
export function badDirective(
  what: "primitive list" | "retainKeys" | "setElementOrder list",
): StatusError {
  return badRequest(`invalid patch format of ${what}`);
}

/** 422, without a word of what is wrong: Kubernetes keeps it to itself. */
export function listOfLists(): StatusError {
  return new StatusError(
    "Invalid",
    "the server rejected our request due to an error in our request",
    { details: {}, cause: new Error("lists of lists are not supported") },
  );
}

/** 500 without a reason, as all other faults of a strategic merge patch are answered. */
export function unmergeable(message: string): StatusError {
  return new StatusError("", message);
}

/** `map: map[image:x] does not contain declared merge key: name`. */
export function noMergeKey(item: JsonObject, mergeKey: string): StatusError {
  return unmergeable(
    `map: ${formatGoValue(item)} does not contain declared merge key: ${mergeKey}`,
  );
}

/** `unknown patch type: bogus in map: map[…]`. */
export function badPatchType(directive: JsonValue, patch: JsonObject): StatusError {
  return unmergeable(
    `unknown patch type: ${formatGoValue(directive)} in map: ${formatGoValue(patch)}`,
  );
}

/** `expected a []interface {}, but received a string`. */
export function badType(
  expected: "[]interface {}" | "map[string]interface {}",
  actual: JsonValue,
): StatusError {
  return unmergeable(`expected a ${expected}, but received a ${formatGoType(actual)}`);
}
