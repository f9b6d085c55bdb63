import { isJsonEqual } from "../meta/json-equal.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { type FieldError, required, typeInvalid } from "../status/field-error.ts";
import { checkLogic } from "./check-logic.ts";
import {
  checkEnum,
  checkListSize,
  checkNumber,
  checkObjectSize,
  checkString,
} from "./check-scalars.ts";
import { asCompiled, type CompiledNode } from "./compiled-node.ts";
import { findDuplicateItems } from "./list-invariants.ts";
import { correlateItem, correlateMember, type OldValue } from "./old-value.ts";
import type { SchemaNode } from "./schema-node.ts";
import { validateEmbeddedResources } from "./embedded-resource.ts";
import { findTypeMismatch } from "./value-type.ts";

/**
 * Checks a custom resource (or a part of one) against its schema: types and value rules, then
 * whole objects inside it, then the uniqueness of sets and list maps. The errors come in
 * Kubernetes' order and words. CEL rules are not run here.
 *
 * Not for built-in kinds: their schemas only document what their strategies check.
 */
export function validateValue(
  node: SchemaNode,
  value: JsonValue,
  path: string,
): readonly FieldError[] {
  const root = asCompiled(node);
  const errors: FieldError[] = [];
  validateNode({ node: root, value, old: undefined }, path, errors);
  validateEmbeddedResources(root, value, { path, errors });
  findDuplicateItems(root, value, { path, errors });
  return errors;
}

/**
 * The same for an update: what is wrong but was so before, and is unchanged, is let through
 * (ratcheting). Items of list maps are compared with those of the same keys, members of objects
 * by name; items of other lists with nothing.
 */
export function validateValueUpdate(
  node: SchemaNode,
  value: JsonValue,
  old: JsonValue,
  path: string,
): readonly FieldError[] {
  const root = asCompiled(node);
  const errors: FieldError[] = [];
  validateNode({ node: root, value, old: undefined }, path, errors);
  if (errors.length > 0) {
    errors.length = 0;
    validateNode({ node: root, value, old }, path, errors);
  }
  validateEmbeddedResources(root, value, { path, errors });
  if (!root.hasUniqueLists) return errors;
  const before: FieldError[] = [];
  findDuplicateItems(root, old, { path, errors: before });
  if (before.length === 0) findDuplicateItems(root, value, { path, errors });
  return errors;
}

interface Subject {
  readonly node: CompiledNode;
  readonly value: JsonValue;
  readonly old: OldValue;
}

function validateNode(subject: Subject, path: string, errors: FieldError[]): void {
  const { value, old } = subject;
  const before = errors.length;
  if (value === null) validateNull(subject.node, path, errors);
  else validatePresent(subject, path, errors);
  if (errors.length > before && old !== undefined && isJsonEqual(value, old)) {
    errors.length = before;
  }
}

function validateNull(node: CompiledNode, path: string, errors: FieldError[]): void {
  checkType(node, null, path, errors);
  const { checks } = node;
  if (checks) checkEnum(checks, null, path, errors);
}

function validatePresent(subject: Subject, path: string, errors: FieldError[]): void {
  const { node, value, old } = subject;
  checkType(node, value, path, errors);
  const { checks } = node;
  if (checks?.hasLogic) {
    checkLogic(
      checks,
      (sub, into) => validateNode({ node: sub as CompiledNode, value, old }, path, into),
      {
        path,
        errors,
      },
    );
  }
  if (typeof value === "string") checkString(node, value, path, errors);
  else if (typeof value === "number" || typeof value === "bigint") {
    checkNumber(node, value, path, errors);
  } else if (isJsonArray(value)) validateList(subject, value, path, errors);
  if (checks) checkEnum(checks, value, path, errors);
  if (isJsonObject(value)) validateObject(subject, value, path, errors);
}

function checkType(node: CompiledNode, value: JsonValue, path: string, errors: FieldError[]): void {
  const mismatch = findTypeMismatch(node, value);
  if (!mismatch) return;
  const { expected, actual } = mismatch;
  const detail = `${path} in body must be of type ${expected}: ${JSON.stringify(actual)}`;
  errors.push(typeInvalid(path, actual, detail));
}

function validateList(
  subject: Subject,
  list: readonly JsonValue[],
  path: string,
  errors: FieldError[],
): void {
  const { node, old } = subject;
  const { items } = node;
  if (items) {
    for (let index = 0; index < list.length; index += 1) {
      const value = list[index] as JsonValue;
      const before = old === undefined ? undefined : correlateItem(node, value, old);
      validateNode({ node: items, value, old: before }, `${path}[${index}]`, errors);
    }
  }
  if (node.checks) checkListSize(node.checks, list, path, errors);
}

function validateObject(
  subject: Subject,
  object: JsonObject,
  path: string,
  errors: FieldError[],
): void {
  const { node, old } = subject;
  if (node.checks && checkObjectSize(node.checks, object, path, errors)) return;
  const properties = node.checkedProperties;
  const additional = node.additionalProperties;
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const child = properties.get(key) ?? (additional === true ? undefined : additional);
    if (child === undefined || isPlainText(child, value)) continue;
    const before = old === undefined ? undefined : correlateMember(key, old);
    validateNode({ node: child, value, old: before }, joinPath(path, key), errors);
  }
  for (const name of node.required) {
    if (object[name] === undefined) errors.push(required(joinPath(path, name)));
  }
}

// Most members are texts about which the schema has nothing to say but their type.
function isPlainText(node: CompiledNode, value: JsonValue): boolean {
  return (
    typeof value === "string" &&
    node.type === "string" &&
    node.format === "" &&
    node.checks === undefined
  );
}

function joinPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
