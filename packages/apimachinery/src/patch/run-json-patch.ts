import { stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../meta/json-value.ts";
import { isJsonEqual } from "../meta/json-equal.ts";
import {
  add,
  get,
  OperationRefused,
  PatchDocument,
  type Place,
  remove,
  set,
} from "./json-patch-document.ts";

/** One operation of RFC 6902. An absent `value` means `null`, as in Kubernetes. */
export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: JsonValue;
}

/** How a JSON patch is applied. */
export interface JsonPatchOptions {
  /**
   * What `replace` does where the object has no such key. Kubernetes and KubeFed set it (`set`,
   * the default); RFC 6902 asks for an error. A missing parent or index is always an error.
   */
  readonly replaceMissing?: "set" | "error";
}

/** Either the whole patch applied or nothing did; `message` says which operation failed and why. */
export type JsonPatchOutcome =
  | { readonly kind: "patched"; readonly document: JsonValue }
  | { readonly kind: "failed"; readonly message: string };

interface Run {
  readonly document: PatchDocument;
  readonly replaceMissing: "set" | "error";
  copiedBytes: number;
}

// Kubernetes' `JSONPatchMaxCopyBytes`: what all `copy` operations of one patch may add.
const maxCopiedBytes = 3 * 1024 * 1024;
const utf8 = new TextEncoder();

/** Runs the operations in order, with the semantics of evanphx/json-patch v4. */
export function runJsonPatch(
  document: JsonValue,
  operations: readonly JsonPatchOperation[],
  options: JsonPatchOptions = {},
): JsonPatchOutcome {
  const { replaceMissing = "set" } = options;
  const run: Run = { document: new PatchDocument(document), replaceMissing, copiedBytes: 0 };
  try {
    for (const operation of operations) step(run, operation);
  } catch (error) {
    if (!(error instanceof OperationRefused)) throw error;
    return { kind: "failed", message: error.message };
  }
  return { kind: "patched", document: run.document.value };
}

function step(run: Run, operation: JsonPatchOperation): void {
  switch (operation.op) {
    case "add":
      return add(find(run, operation), operation.value ?? null);
    case "remove":
      return remove(find(run, operation));
    case "replace":
      return replace(run, operation);
    case "move":
      return move(run, operation);
    case "copy":
      return copy(run, operation);
    case "test":
      return test(run, operation);
    default:
      throw new OperationRefused(`Unexpected kind: ${operation.op}`);
  }
}

function replace(run: Run, operation: JsonPatchOperation): void {
  const value = operation.value ?? null;
  if (operation.path === "") {
    if (!isJsonArray(value) && !isJsonObject(value)) {
      throw new OperationRefused("replace operation value must be object or array");
    }
    return run.document.replaceAll(value);
  }
  const place = find(run, operation);
  if (run.replaceMissing === "error" && get(place) === undefined) {
    throw new OperationRefused(
      `replace operation does not apply: doc is missing key: ${operation.path}: missing value`,
    );
  }
  return set(place, value);
}

function move(run: Run, operation: JsonPatchOperation): void {
  const source = findSource(run, operation);
  const value = get(source) ?? null;
  remove(source);
  add(find(run, operation), value);
}

function copy(run: Run, operation: JsonPatchOperation): void {
  const value = get(findSource(run, operation)) ?? null;
  const destination = find(run, operation);
  run.copiedBytes += utf8.encode(stringifyJson(value)).byteLength;
  if (run.copiedBytes > maxCopiedBytes) {
    throw new OperationRefused(
      `Unable to complete the copy, the accumulated size increase of copy is ${run.copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
    );
  }
  // A clone, for the original may be a copy of ours that later operations change in place.
  add(destination, structuredClone(value));
}

function test(run: Run, operation: JsonPatchOperation): void {
  const actual = operation.path === "" ? run.document.value : (get(find(run, operation)) ?? null);
  if (isJsonEqual(actual, operation.value ?? null)) return;
  throw new OperationRefused(`testing value ${operation.path} failed: test failed`);
}

function find(run: Run, { op, path }: JsonPatchOperation): Place {
  const place = run.document.find(path);
  if (place !== undefined) return place;
  throw new OperationRefused(
    `${op} operation does not apply: doc is missing path: "${path}": missing value`,
  );
}

function findSource(run: Run, { op, from }: JsonPatchOperation): Place {
  const place = from === undefined ? undefined : run.document.find(from);
  if (place !== undefined) return place;
  throw new OperationRefused(
    `${op} operation does not apply: doc is missing from path: ${from ?? ""}: missing value`,
  );
}
