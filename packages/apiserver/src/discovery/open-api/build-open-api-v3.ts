import type { JsonObject } from "@cellplane/apimachinery";
import type { CatalogResource } from "../api-catalog.ts";
import type { FindDefinition, Schemas } from "./open-api-types.ts";
import { renderResourcePaths } from "./resource-operations.ts";
import { collectResourceSchemas } from "./resource-schemas.ts";

/** Paths and schemas of some resources. */
export interface OpenApiParts {
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly schemas: Schemas;
}

/** The part of one resource in one version, rendered once as definitions do not change. */
export type RenderParts = (resource: CatalogResource) => OpenApiParts;

/** Renders parts and keeps them as long as the version itself is. */
export function createPartsRenderer(find: FindDefinition): RenderParts {
  const known = new WeakMap<object, OpenApiParts>();
  return (resource) => {
    const cached = known.get(resource.version);
    if (cached) return cached;
    const schemas = collectResourceSchemas(resource, find);
    const parts = { paths: renderResourcePaths(resource, schemas), schemas: schemas.definitions };
    known.set(resource.version, parts);
    return parts;
  };
}

/** The parts of several resources in one. */
export function mergeParts(parts: readonly OpenApiParts[]): OpenApiParts {
  return {
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)) as OpenApiParts["paths"],
    schemas: Object.assign({}, ...parts.map(({ schemas }) => schemas)) as Schemas,
  };
}

/** An OpenAPI v3 document. */
export function renderOpenApiV3(parts: OpenApiParts, version: string): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths: sortKeys(parts.paths),
    components: { schemas: sortKeys(parts.schemas) },
  };
}

/** The same members in the order of their names. */
export function sortKeys(members: Readonly<Record<string, JsonObject>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}
