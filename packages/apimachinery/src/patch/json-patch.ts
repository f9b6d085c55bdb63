import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { StatusError } from "../status/status-error.ts";
import { badRequest } from "../status/status-errors.ts";
import { describeGoJsonType } from "./go-json-type.ts";
import { type JsonPatchOperation, type JsonPatchOptions, runJsonPatch } from "./run-json-patch.ts";

// Kubernetes' `maxJSONPatchOperations`.
const maxOperations = 10_000;
const fields = ["op", "path", "from"] as const;
const knownFields: ReadonlySet<string> = new Set([...fields, "value"]);

/**
 * Applies the body of a JSON patch request (RFC 6902); the document is not changed.
 *
 * @throws {StatusError} 400 if `body` is not a list of operations, 413 if there are more than
 * 10 000, 422 if one of them does not apply (which one and why is in `cause`, as Kubernetes does
 * not tell).
 */
export function applyJsonPatch(
  document: JsonValue,
  body: JsonValue,
  options: JsonPatchOptions = {},
): JsonValue {
  const outcome = runJsonPatch(document, decodeJsonPatch(body), options);
  if (outcome.kind === "patched") return outcome.document;
  throw new StatusError(
    "Invalid",
    "the server rejected our request due to an error in our request",
    { details: {}, cause: new Error(outcome.message) },
  );
}

/** Reads the operations of a JSON patch; throws as `applyJsonPatch` does. */
export function decodeJsonPatch(body: JsonValue): readonly JsonPatchOperation[] {
  if (body === null) return [];
  if (!isJsonArray(body)) throw undecodable(body, "Go value of type []handlers.jsonPatchOp");
  if (body.length > maxOperations) {
    throw new StatusError(
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${body.length}`,
    );
  }
  return body.map(decodeOperation);
}

/** What strict field validation reports, e.g. `json patch unknown field "[0].foo"`. */
export function findUnknownJsonPatchFields(body: JsonValue): readonly string[] {
  if (!isJsonArray(body)) return [];
  return body.flatMap((operation, index) =>
    Object.keys(isJsonObject(operation) ? operation : {})
      .filter((field) => !knownFields.has(field))
      .map((field) => `json patch unknown field "[${index}].${field}"`),
  );
}

function decodeOperation(operation: JsonValue): JsonPatchOperation {
  if (operation === null) return { op: "unknown", path: "" };
  if (!isJsonObject(operation)) {
    throw undecodable(operation, "Go value of type handlers.jsonPatchOp");
  }
  const from = decodeField(operation, "from");
  return {
    op: decodeField(operation, "op") ?? "unknown",
    // Kubernetes refuses an operation without a path; a pointer without a slash is refused too.
    path: decodeField(operation, "path") ?? "unknown",
    ...(from === undefined ? {} : { from }),
    ...(operation["value"] === undefined ? {} : { value: operation["value"] }),
  };
}

function decodeField(operation: JsonObject, field: (typeof fields)[number]): string | undefined {
  const value = operation[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw undecodable(value, `Go struct field jsonPatchOp.${field} of type string`);
}

function undecodable(value: JsonValue, target: string): StatusError {
  const type = describeGoJsonType(value);
  return badRequest(`error decoding patch: json: cannot unmarshal ${type} into ${target}`);
}
