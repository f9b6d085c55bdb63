import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import { schemaReference } from "./open-api-types.ts";

/** What Swagger 2.0 does not have; a place that uses it loses its type with it. */
const unknownToSwagger = new Set(["oneOf", "anyOf", "not", "nullable"]);

/**
 * A schema as Swagger 2.0 can say it. What it cannot say is left out, so that clients do not refuse
 * what the server takes: kubectl up to 1.26 validates by this.
 */
export function toSwaggerSchema(
  schema: JsonObject,
  place: { readonly isRoot: boolean },
): JsonObject {
  const reference = referenceOf(schema);
  if (reference !== undefined) return reference;
  const preserves = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const gvk = schema["x-kubernetes-group-version-kind"];
  // A root that takes any field must not name some: kubectl would refuse the others.
  if (place.isRoot && preserves && gvk !== undefined)
    return { type: "object", "x-kubernetes-group-version-kind": gvk };
  const isTypeless = schema["nullable"] === true || isIntOrString(schema);
  const isOpaque = schema["nullable"] === true || (preserves && !place.isRoot);
  const result: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || unknownToSwagger.has(key)) continue;
    if (isTypeless && key === "type") continue;
    if (isOpaque && (key === "properties" || key === "items" || key === "required")) continue;
    const child = toSwaggerMember(key, value);
    if (child !== undefined) result[key] = child;
  }
  return result;
}

function toSwaggerMember(key: string, value: JsonValue): JsonValue | undefined {
  if (key === "properties" && isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, property]) => [
        name,
        isJsonObject(property) ? toSwaggerSchema(property, { isRoot: false }) : {},
      ]),
    );
  if ((key === "items" || key === "additionalProperties") && isJsonObject(value))
    return toSwaggerSchema(value, { isRoot: false });
  if (key === "additionalProperties" && typeof value === "boolean") return value || undefined;
  if (key === "allOf") return undefined;
  return value;
}

function isIntOrString(schema: JsonObject): boolean {
  return schema["x-kubernetes-int-or-string"] === true;
}

// OpenAPI v3 wraps references to add siblings; Swagger has description and default beside `$ref`.
function referenceOf(schema: JsonObject): JsonObject | undefined {
  const { allOf } = schema;
  const only = isJsonArray(allOf) && allOf.length === 1 ? allOf[0] : schema;
  const $ref = isJsonObject(only) ? only["$ref"] : undefined;
  if (typeof $ref !== "string") return undefined;
  const { description } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    $ref: $ref.replace(schemaReference, "#/definitions/"),
    ...extensionsOf(schema),
  };
}

function extensionsOf(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key.startsWith("x-")));
}
