import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import type { BuiltinDefinition } from "./parse-definition.ts";

/** Definitions whose content is not theirs to say: any JSON, or any object. */
const anything = /\.(JSON|JSONSchemaPropsOr\w+|RawExtension|FieldsV1|Patch)$/;

/** The schema of a definition as the server uses it: of its defaults only those that change a value. */
export function compiledSchema(definition: BuiltinDefinition): JsonObject {
  const { plain, properties, required, atomic, name } = definition;
  if (plain) {
    return anything.test(name) ? { ...plain, "x-kubernetes-preserve-unknown-fields": true } : plain;
  }
  const compiled: Record<string, JsonValue> = {};
  for (const property of properties) {
    const { schema, defaultValue } = property;
    compiled[property.name] = defaultValue ? { ...schema, default: defaultValue } : schema;
  }
  return {
    type: "object",
    properties: compiled,
    required,
    ...(atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
  };
}
