import { findDuplicateFields, scanKeys } from "../codec/duplicate-fields.ts";
import type { JsonValue } from "../meta/json-value.ts";
import { asCompiled } from "./compiled-node.ts";
import type { SchemaNode } from "./schema-node.ts";
import { findUnknownFields } from "./unknown-fields.ts";

/**
 * What a strict decoder says of a body: `unknown field "spec.foo"`, `duplicate field "spec.a"`, in
 * Kubernetes' order: of a custom resource duplicates first, of a built-in kind as in the text.
 * `text` is the JSON text; without one (patches, protobuf) only unknown fields are found.
 */
export function findStrictProblems(
  node: SchemaNode,
  value: JsonValue,
  text?: string,
): readonly string[] {
  const unknown = findUnknownFields(node, value);
  const duplicates = text === undefined ? [] : findDuplicateFields(text, value);
  const describeUnknown = (path: string): string => `unknown field ${JSON.stringify(path)}`;
  const describeDuplicate = (path: string): string => `duplicate field ${JSON.stringify(path)}`;
  if (text === undefined || duplicates.length === 0 || asCompiled(node).customResource) {
    return [...duplicates.map(describeDuplicate), ...unknown.map(describeUnknown)];
  }
  const problems: string[] = [];
  const pending = new Set(unknown);
  scanKeys(text, (path, isDuplicate) => {
    if (isDuplicate) problems.push(describeDuplicate(path));
    else if (pending.delete(path)) problems.push(describeUnknown(path));
  });
  return problems;
}
