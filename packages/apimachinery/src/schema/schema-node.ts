import type { JsonObject, JsonValue } from "../meta/json-value.ts";

/** `x-kubernetes-list-type`: how a list is merged and whether its items are unique. */
export type ListType = "atomic" | "set" | "map";

/**
 * A structural schema, compiled once: prune, default, validate, unknown-field detection,
 * server-side apply and strategic merge all walk this tree. Recursive schemas (JSONSchemaProps)
 * are cycles in it.
 */
export interface SchemaNode {
  /** Absent: any type (int-or-string and preserve-unknown values). */
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean" | undefined;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** Schema of values under other keys; `true`: anything; absent: no other keys. */
  readonly additionalProperties: SchemaNode | true | undefined;
  readonly items: SchemaNode | undefined;
  readonly required: readonly string[];
  readonly nullable: boolean;
  /** Present, even `null`, where the schema has a default. */
  readonly defaultValue: JsonValue | undefined;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly intOrString: boolean;
  readonly listType: ListType | undefined;
  readonly listMapKeys: readonly string[];
  /** `x-kubernetes-map-type: atomic`. */
  readonly atomicMap: boolean;
  /** For strategic merge patch. */
  readonly patchMergeKey: string | undefined;
  readonly patchStrategy: readonly string[];
  /** Any node below (or this one) has a default: lets defaulting skip whole subtrees. */
  readonly hasDefaults: boolean;
  /** Value rules: enum, format, pattern, bounds, allOf/anyOf/oneOf/not, CEL rules as text. */
  readonly rules: JsonObject;
}
