import type { JsonObject } from "@cellplane/apimachinery";

/** Members of a schema besides its type. */
type Rest = JsonObject;

/** A string. */
export function text(description: string, rest: Rest = {}): JsonObject {
  return { type: "string", description, ...rest };
}

/** A string of a closed set. */
export function oneOf(description: string, values: readonly string[], rest: Rest = {}): JsonObject {
  return text(description, { enum: values, ...rest });
}

/** An integer of 64 bits. */
export function integer(description: string, rest: Rest = {}): JsonObject {
  return { type: "integer", format: "int64", description, ...rest };
}

/** A boolean. */
export function flag(description: string): JsonObject {
  return { type: "boolean", description };
}

/** A list. */
export function listOf(description: string, items: JsonObject, rest: Rest = {}): JsonObject {
  return { type: "array", description, items, ...rest };
}

/** An object with these members; `required` names those that must be there. */
export function objectOf(
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject {
  return { type: "object", description, properties, ...(required.length > 0 ? { required } : {}) };
}

/** A map of strings. */
export function stringMap(description: string): JsonObject {
  return { type: "object", description, additionalProperties: { type: "string" } };
}

/** An object of which every field is kept. */
export function anyObject(description: string): JsonObject {
  return { type: "object", description, "x-kubernetes-preserve-unknown-fields": true };
}

/** Any value, kept as it is. */
export function anyValue(description: string): JsonObject {
  return { description, "x-kubernetes-preserve-unknown-fields": true };
}

/** A point in time. */
export function time(description: string): JsonObject {
  return text(description, { format: "date-time" });
}

/** `metav1.LabelSelector`. */
export function labelSelector(description: string): JsonObject {
  const expression = objectOf(
    "One requirement.",
    {
      key: text("The label's key."),
      operator: text("In, NotIn, Exists or DoesNotExist."),
      values: listOf("Values for In and NotIn.", { type: "string" }),
    },
    ["key", "operator"],
  );
  return objectOf(description, {
    matchLabels: stringMap("Labels that must have these values."),
    matchExpressions: listOf("Requirements, all of which must hold.", expression),
  });
}

/** `{name}` references. */
export function nameList(description: string): JsonObject {
  return listOf(description, objectOf("A name.", { name: text("The name.") }, ["name"]));
}

/** The root of a kind's schema. */
export function rootSchema(
  description: string,
  properties: JsonObject,
  required: readonly string[] = ["spec"],
): JsonObject {
  return objectOf(
    description,
    {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...properties,
    },
    required,
  );
}
