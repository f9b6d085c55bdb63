import type { JsonObject } from "@cellplane/apimachinery";

/** The operations of one path, by method in lower case, and `parameters` of the path. */
export type PathItem = JsonObject;

/** Schemas by definition name. */
export type Schemas = Readonly<Record<string, JsonObject>>;

/** Finds the definition of a built-in type by its name, such as `io.k8s.api.core.v1.Pod`. */
export type FindDefinition = (name: string) => JsonObject | undefined;

/** Where `$ref` points in OpenAPI v3. */
export const schemaReference = "#/components/schemas/";

/** The `$ref` of a definition. */
export function refersTo(name: string): JsonObject {
  return { $ref: `${schemaReference}${name}` };
}
