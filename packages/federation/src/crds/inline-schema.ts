import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";

/** Finds the definition that a `$ref` such as `#/components/schemas/NAME` means, by its last part. */
export type FindDefinition = (name: string) => JsonObject | undefined;

const anything: JsonObject = { "x-kubernetes-preserve-unknown-fields": true };
const intOrString: JsonObject = { "x-kubernetes-int-or-string": true };

/**
 * A published OpenAPI v3 schema as a structural one, as CRDs need it: references are put in place,
 * what refers to itself becomes "anything" at the second turn, and descriptions are left out.
 */
export function inlineSchema(schema: JsonObject, find: FindDefinition): JsonObject {
  return inline(schema, find, new Set());
}

function inline(schema: JsonObject, find: FindDefinition, above: ReadonlySet<string>): JsonObject {
  const name = referenceOf(schema);
  if (name !== undefined) {
    const definition = find(name);
    if (!definition || above.has(name)) return anything;
    return inline(definition, find, new Set([...above, name]));
  }
  if (isIntOrString(schema)) return intOrString;
  const { description: _, properties, items, additionalProperties, type, ...rest } = schema;
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([key]) => key !== "allOf" && key !== "anyOf" && key !== "oneOf"),
  );
  if (typeof type !== "string") return { ...kept, ...anything };
  return {
    ...kept,
    type,
    ...(isJsonObject(properties) ? { properties: inlineEach(properties, find, above) } : {}),
    ...(isJsonObject(items) ? { items: inline(items, find, above) } : {}),
    ...(isJsonObject(additionalProperties)
      ? { additionalProperties: inline(additionalProperties, find, above) }
      : {}),
  };
}

function inlineEach(
  properties: JsonObject,
  find: FindDefinition,
  above: ReadonlySet<string>,
): JsonObject {
  const entries = Object.entries(properties).map(([key, value]): [string, JsonValue] => [
    key,
    isJsonObject(value) ? inline(value, find, above) : anything,
  ]);
  return Object.fromEntries(entries);
}

/** The name in a `$ref`, also where it stands alone in `allOf` (as references with a default do). */
function referenceOf(schema: JsonObject): string | undefined {
  const direct = schema["$ref"];
  if (typeof direct === "string") return direct.slice(direct.lastIndexOf("/") + 1);
  const all = schema["allOf"];
  const [only] = isJsonArray(all) && all.length === 1 ? all : [];
  return isJsonObject(only) && typeof only["$ref"] === "string" ? referenceOf(only) : undefined;
}

function isIntOrString(schema: JsonObject): boolean {
  if (schema["x-kubernetes-int-or-string"] === true || schema["format"] === "int-or-string") {
    return true;
  }
  const choices = schema["oneOf"] ?? schema["anyOf"];
  if (!isJsonArray(choices)) return false;
  const types = choices.map((choice) => (isJsonObject(choice) ? choice["type"] : undefined));
  return types.includes("string") && (types.includes("integer") || types.includes("number"));
}
