import type { CrdVersion } from "./custom-resource-definition.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "@cellplane/apimachinery";
import { type JsonSchemaProps, walkSchemas } from "./json-schema-props.ts";

/** A `null` default or example is none at all, and is not kept. */
export function dropNullDefaults(version: CrdVersion): CrdVersion {
  const root = version.schema?.openAPIV3Schema;
  if (!root || !walkSchemas(root).some(hasNull)) return version;
  return {
    ...version,
    schema: { ...version.schema, openAPIV3Schema: strip(root as JsonValue) as JsonSchemaProps },
  };
}

function hasNull(schema: JsonSchemaProps): boolean {
  return schema.default === null || schema.example === null;
}

// Walks values of defaults too, but these hold no schemas, so a `null` in them must stay.
function strip(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(strip);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(isNoValue(key) && member === null))
      .map(([key, member]) => [
        key,
        member === undefined || isNoValue(key) || key === "enum" ? member : strip(member),
      ]),
  );
}

function isNoValue(key: string): boolean {
  return key === "default" || key === "example";
}
