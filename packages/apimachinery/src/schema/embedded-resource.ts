import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { dns1035LabelErrors, validatePathSegmentName } from "../meta/name-rules.ts";
import { parseGroupVersion } from "../meta/group-version.ts";
import { type FieldError, invalid } from "../status/field-error.ts";
import type { ErrorSink } from "./check-logic.ts";
import type { CompiledNode } from "./compiled-node.ts";
import { describeMetadataMismatch } from "./decode-typed.ts";
import { validateObjectMeta } from "./validate-object-meta.ts";

/** Checks `apiVersion`, `kind` and `metadata` of the whole objects inside a value. */
export function validateEmbeddedResources(
  node: CompiledNode,
  value: JsonValue,
  sink: ErrorSink,
): void {
  if (!node.hasEmbedded || value === null || typeof value !== "object") return;
  if (isJsonArray(value)) {
    const { items } = node;
    if (items === undefined) return;
    value.forEach((item, index) => {
      validateEmbeddedResources(items, item, { ...sink, path: `${sink.path}[${index}]` });
    });
  } else if (isJsonObject(value)) {
    validateMembers(node, value, sink);
    if (node.embeddedResource) sink.errors.push(...validateWholeObject(value, sink.path));
  }
}

function validateMembers(node: CompiledNode, object: JsonObject, sink: ErrorSink): void {
  const { checkedProperties, additionalProperties } = node;
  for (const key in object) {
    const child =
      checkedProperties.get(key) ??
      (additionalProperties === true ? undefined : additionalProperties);
    const member = object[key];
    if (child === undefined || member === undefined) continue;
    const path = sink.path === "" ? key : `${sink.path}.${key}`;
    validateEmbeddedResources(child, member, { path, errors: sink.errors });
  }
}

function validateWholeObject(object: JsonObject, path: string): readonly FieldError[] {
  const { apiVersion, kind, metadata } = object;
  return [
    ...validateApiVersion(apiVersion, `${path}.apiVersion`),
    ...validateKind(kind, `${path}.kind`),
    ...validateMetadata(metadata, `${path}.metadata`),
  ];
}

function validateApiVersion(value: JsonValue | undefined, path: string): readonly FieldError[] {
  if (value === undefined) return [];
  if (typeof value !== "string") return [invalid(path, value, "must be a string")];
  if (value === "") return [invalid(path, value, "must not be empty")];
  if (parseGroupVersion(value) !== undefined) return [];
  return [invalid(path, value, `unexpected GroupVersion string: ${value}`)];
}

function validateKind(value: JsonValue | undefined, path: string): readonly FieldError[] {
  if (value === undefined) return [];
  if (typeof value !== "string") return [invalid(path, value, "must be a string")];
  if (value === "") return [invalid(path, value, "must not be empty")];
  const errors = dns1035LabelErrors(value.toLowerCase());
  if (errors.length === 0) return [];
  const detail = `may have mixed case, but should otherwise match: ${errors.join(",")}`;
  return [invalid(path, value, detail)];
}

function validateMetadata(value: JsonValue | undefined, path: string): readonly FieldError[] {
  if (value === undefined) return [];
  const mismatch = describeMetadataMismatch(value);
  if (mismatch !== undefined) return [invalid(path, value, mismatch)];
  if (!isJsonObject(value)) return [];
  return validateObjectMeta(value, { path, validateName: validatePathSegmentName });
}
