import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { badRequest } from "../status/status-errors.ts";
import { describeGoJsonType } from "./go-json-type.ts";
import { formatGoType } from "./format-go-value.ts";
import { getMember, type JsonObjectDraft, setMember } from "./json-members.ts";
import { omitNulls } from "./omit-nulls.ts";
import { withoutDirectives } from "./strategic-directives.ts";
import { applyElementOrder } from "./strategic-element-order.ts";
import { badDirective, badPatchType } from "./strategic-errors.ts";
import { deleteFromList, patchList } from "./strategic-list.ts";

const deletionPrefix = "$deleteFromPrimitiveList";
const orderPrefix = "$setElementOrder";
const retainKeys = "$retainKeys";

/**
 * Applies a strategic merge patch: as a merge patch, but lists merge where the schema has
 * `x-kubernetes-patch-strategy: merge`, and directives (`$patch`, `$retainKeys`,
 * `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) are obeyed. Neither argument is changed.
 *
 * @throws {StatusError} 400 for a malformed patch or directive, 500 (as Kubernetes has it) for one
 * that does not fit the object.
 */
export function applyStrategicMergePatch(
  document: JsonObject,
  patch: JsonValue,
  schema: SchemaNode | undefined,
): JsonObject {
  if (patch === null) return document;
  if (isJsonObject(patch)) return mergeMap(document, patch, schema);
  throw badRequest(
    `json: cannot unmarshal ${describeGoJsonType(patch)} into Go value of type map[string]interface {}`,
  );
}

function mergeMap(live: JsonObject, patch: JsonObject, schema: SchemaNode | undefined): JsonObject {
  const directive = getMember(patch, "$patch");
  if (directive !== undefined) return obeyDirective(directive, patch);
  const merged: JsonObjectDraft = retainedMembers(live, patch);
  const handled = applyElementOrder({ merged, patch, schema, mergeItem: mergeMap });
  const keys = Object.keys(patch);
  // Deletions first, as a client that sorts its keys has them: what is both deleted and added stays.
  for (const key of keys) {
    const value = patch[key];
    if (value !== undefined && key.startsWith(deletionPrefix)) deleteValues(merged, key, value);
  }
  for (const key of keys) {
    const value = patch[key];
    const isDone = key === retainKeys || key.startsWith(deletionPrefix) || handled.has(key);
    if (value === undefined || isDone) continue;
    mergeMember(merged, { key, value, schema: childOf(schema, key) });
  }
  return merged;
}

function obeyDirective(directive: JsonValue, patch: JsonObject): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") throw badPatchType(directive, patch);
  const { $patch: _directive, ...rest } = patch;
  return rest;
}

/** The live members, without those that `$retainKeys` does not name. */
function retainedMembers(live: JsonObject, patch: JsonObject): JsonObjectDraft {
  const retained = getMember(patch, retainKeys);
  if (retained === undefined) return { ...live };
  if (!isJsonArray(retained)) throw badDirective("retainKeys");
  const names = new Set(retained);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const isDirective =
      key === retainKeys || key.startsWith(deletionPrefix) || key.startsWith(orderPrefix);
    if (value === undefined || value === null || isDirective) continue;
    if (!names.has(key)) throw badDirective("retainKeys");
  }
  return Object.fromEntries(Object.entries(live).filter(([key]) => names.has(key)));
}

function deleteValues(merged: JsonObjectDraft, key: string, values: JsonValue): void {
  if (!key.startsWith(`${deletionPrefix}/`)) throw badDirective("primitive list");
  const name = key.slice(deletionPrefix.length + 1);
  const live = getMember(merged, name);
  if (values === null) Reflect.deleteProperty(merged, name);
  else if (isJsonArray(live) && isJsonArray(values)) {
    setMember(merged, name, deleteFromList(live, values));
  }
}

interface MemberPatch {
  readonly key: string;
  readonly value: JsonValue;
  readonly schema: SchemaNode | undefined;
}

function mergeMember(merged: JsonObjectDraft, { key, value, schema }: MemberPatch): void {
  const live = getMember(merged, key);
  if (isJsonObject(live) && isJsonObject(value)) {
    const isReplaced = schema?.patchStrategy.includes("replace") === true;
    setMember(merged, key, isReplaced ? value : mergeMap(live, value, schema));
  } else if (isJsonArray(live) && isJsonArray(value)) {
    const patched = patchList({ live, patch: value, schema, mergeItem: mergeMap });
    setMember(merged, key, patched);
  } else {
    const isNew = live === undefined || formatGoType(live) !== formatGoType(value);
    const added = value === null ? undefined : withoutDirectives(isNew ? noNulls(value) : value);
    if (added === undefined) Reflect.deleteProperty(merged, key);
    else setMember(merged, key, added);
  }
}

function noNulls(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(noNulls);
  return isJsonObject(value) ? omitNulls(value) : value;
}

function childOf(schema: SchemaNode | undefined, key: string): SchemaNode | undefined {
  if (schema === undefined) return undefined;
  const { additionalProperties } = schema;
  const other = additionalProperties === true ? undefined : additionalProperties;
  return schema.properties.get(key) ?? other;
}
