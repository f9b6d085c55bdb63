import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import type { JsonObjectDraft } from "../patch/json-members.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import type { KubernetesObject } from "../meta/kubernetes-object.ts";
import { isBuiltIn } from "./field-type.ts";
import type { VersionContext } from "./object-versions.ts";

// Fields of built-in kinds whose Go type is a struct and no pointer: they are always there.
const alwaysPresent: ReadonlySet<string> = new Set([
  "jobTemplate",
  "loadBalancer",
  "metadata",
  "spec",
  "status",
  "strategy",
  "template",
  "updateStrategy",
]);

/**
 * What a created object is compared with. For custom resources that is nothing but its type; a
 * built-in kind comes from a Go struct, where required members and plain structs are present
 * before anyone sets them, so that their creator does not own them as such.
 */
export function createEmptyObject(
  schema: SchemaNode | undefined,
  type: { readonly apiVersion: string; readonly kind: string },
): JsonObject {
  const members = isBuiltIn(schema) ? zeroMembers(schema, new Set()) : { metadata: {} };
  return { ...members, ...type };
}

/** The empty object of the context, else the one that the schema suggests. */
export function emptyLike(
  { emptyObject, schema, apiVersion }: VersionContext,
  { kind = "" }: KubernetesObject,
): JsonObject {
  return emptyObject ?? createEmptyObject(schema, { apiVersion, kind });
}

function zeroMembers(node: SchemaNode, above: ReadonlySet<SchemaNode>): JsonObject {
  const members: JsonObjectDraft = {};
  if (above.has(node)) return members;
  const path = new Set(above).add(node);
  for (const [name, child] of node.properties) {
    const isStruct = child.type === "object" && child.additionalProperties === undefined;
    if (isStruct && (alwaysPresent.has(name) || node.required.includes(name))) {
      members[name] = zeroMembers(child, path);
    } else if (node.required.includes(name)) members[name] = zeroOf(child);
  }
  return members;
}

function zeroOf(node: SchemaNode): JsonValue {
  switch (node.type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return null;
  }
}
