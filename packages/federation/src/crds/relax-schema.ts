import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";

// What fills in, requires or refuses: an override may still supply or change it, and a member may
// be newer than we are. Types and descriptions stay, for `kubectl explain` and editors.
const dropped: ReadonlySet<string> = new Set([
  "default",
  "required",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "multipleOf",
  "allOf",
  "oneOf",
  "not",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-group-version-kind",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-patch-strategy",
]);

/** A target's schema as a template's: nothing is filled in, required or lost. */
export function relaxSchema(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]) => {
    if (value === undefined || dropped.has(key)) return [];
    if (key === "anyOf" && schema["x-kubernetes-int-or-string"] !== true) return [];
    return [[key, relaxMember(key, value)] as const];
  });
  const relaxed: JsonObject = Object.fromEntries(entries);
  const open = schema["type"] === "object" && schema["additionalProperties"] === undefined;
  return open ? { ...relaxed, "x-kubernetes-preserve-unknown-fields": true } : relaxed;
}

/** The schema of `spec.template`: the target's, without status and what the server says. */
export function templateSchema(target: JsonObject | undefined): JsonObject {
  const relaxed = relaxSchema(target ?? { type: "object" });
  const properties = isJsonObject(relaxed["properties"]) ? relaxed["properties"] : {};
  const { status: _, ...kept } = properties;
  return {
    ...relaxed,
    type: "object",
    description: "What every topology gets, before overrides.",
    "x-kubernetes-preserve-unknown-fields": true,
    properties: {
      ...kept,
      metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  };
}

function relaxMember(key: string, value: JsonValue): JsonValue {
  if (key === "properties" && isJsonObject(value)) {
    const entries = Object.entries(value).map(([name, property]) => [name, relaxAny(property)]);
    return Object.fromEntries(entries) as JsonObject;
  }
  if (key === "items" || key === "additionalProperties") return relaxAny(value);
  return isJsonArray(value) || !isJsonObject(value) ? value : { ...value };
}

function relaxAny(value: JsonValue | undefined): JsonValue {
  return isJsonObject(value) ? relaxSchema(value) : (value ?? null);
}
