import { isJsonObject, type JsonObject, type JsonValue } from "@cellplane/apimachinery";
import type { BuiltinDefinition, BuiltinProperty } from "./parse-definition.ts";

/** Which OpenAPI a definition is published in. */
export type OpenApiForm = "v2" | "v3";

interface Publication {
  readonly form: OpenApiForm;
  /** Group versions of the kinds that each has. */
  readonly everywhere: readonly string[];
}

/**
 * A definition as `/openapi` publishes it. In v3, references are `#/components/schemas/…` and
 * wrapped in `allOf` where something stands beside them, defaults are told, and Quantity and
 * IntOrString are `oneOf`; v2 has `#/definitions/…` and none of that.
 */
export function publishedDefinition(
  definition: BuiltinDefinition,
  publication: Publication,
): JsonObject {
  const { name, properties, required, atomic, unions, plain } = definition;
  const kinds = kindsOf(definition, publication.everywhere);
  const published = properties.map((property) => [
    property.name,
    publishedProperty(property, publication.form),
  ]);
  return {
    ...(plain ? publishedPlain(name, plain, publication.form) : { type: "object" }),
    ...(published.length > 0 ? { properties: Object.fromEntries(published) as JsonObject } : {}),
    ...(required.length > 0 ? { required } : {}),
    ...(kinds.length > 0 ? { "x-kubernetes-group-version-kind": kinds } : {}),
    ...(atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(unions.length > 0 ? { "x-kubernetes-unions": unions } : {}),
  };
}

function publishedPlain(name: string, plain: JsonObject, form: OpenApiForm): JsonObject {
  if (form === "v2") return plain;
  const { type: _, ...rest } = plain;
  if (name.endsWith(".Quantity"))
    return { ...rest, oneOf: [{ type: "string" }, { type: "number" }] };
  if (name.endsWith(".IntOrString")) {
    return { ...rest, oneOf: [{ type: "integer" }, { type: "string" }] };
  }
  return plain;
}

function publishedProperty(
  { schema, defaultValue }: BuiltinProperty,
  form: OpenApiForm,
): JsonObject {
  if (form === "v2") return published(schema, "#/definitions/");
  const inner = published(schema, "#/components/schemas/");
  const { $ref, ...beside } = inner;
  if ($ref === undefined) {
    return defaultValue === undefined ? inner : { ...inner, default: defaultValue };
  }
  return Object.keys(beside).length === 0 ? inner : { allOf: [{ $ref }], ...beside };
}

function published(schema: JsonObject, base: string): JsonObject {
  const next: Record<string, JsonValue | undefined> = {};
  for (const [key, value] of Object.entries(schema)) {
    next[key] = isJsonObject(value) ? published(value, base) : value;
  }
  if (typeof next["$ref"] === "string") next["$ref"] = base + next["$ref"];
  return next;
}

function kindsOf(
  { name, kindIn }: BuiltinDefinition,
  everywhere: readonly string[],
): readonly JsonObject[] {
  const kind = name.slice(name.lastIndexOf(".") + 1);
  return (kindIn === "everywhere" ? everywhere : kindIn).map((groupVersion) => {
    const [first = "", second] = groupVersion.split("/");
    return second === undefined
      ? { group: "", kind, version: first }
      : { group: first, kind, version: second };
  });
}
