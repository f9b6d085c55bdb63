import type { GroupVersionKind, JsonObject, SchemaNode } from "@cellplane/apimachinery";
import { builtinPrinter } from "../kinds/printers/builtin-printer.ts";
import { loadBuiltinDefinitions } from "../kinds/table/builtin-definitions.ts";
import { builtinResources, type BuiltinResourceRow } from "../kinds/table/builtin-resources.ts";
import type { PublishedSchema, ResourceDefinition } from "../registry/resource.ts";
import { crdStrategy } from "./crd-strategy.ts";
import { crdResource } from "./custom-resource-definition.ts";

/** The resource of CustomResourceDefinitions themselves. */
export function createCrdResource(): ResourceDefinition {
  const row = findRow();
  return {
    ...crdResource,
    singular: row.singular,
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: row.shortNames,
    categories: row.categories,
    namespaced: row.namespaced,
    versions: [
      {
        version: row.version,
        served: true,
        get schema() {
          return schemaOf(row);
        },
        openApi: () => publishBuiltin(row),
        printer: builtinPrinter(row),
        hasStatus: true,
        selectableFields: [],
      },
    ],
    storageVersion: row.version,
    conversion: { kind: "none" },
    strategy: crdStrategy,
    verbs: row.verbs,
    origin: "builtin",
    etag: `${row.group}/${row.resource}/${row.version}`,
    subresources: [],
    acceptsCreates: true,
  };
}

/** A built-in definition in OpenAPI v3 form, for what refers to it. */
export function findBuiltinDefinition(name: string): JsonObject | undefined {
  const known = published.get(name);
  if (known) return known;
  const definition = loadBuiltinDefinitions().openApi(name, "v3");
  if (definition) published.set(name, definition);
  return definition;
}

const published = new Map<string, JsonObject>();

function findRow(): BuiltinResourceRow {
  const { group, resource } = crdResource;
  const row = builtinResources().find((each) => each.group === group && each.resource === resource);
  if (!row) throw new Error("Cannot serve CRDs as the table of resources has no row of them");
  return row;
}

function schemaOf(row: BuiltinResourceRow): SchemaNode {
  const definitions = loadBuiltinDefinitions();
  const schema = definitions.schemaOf(definitions.nameOf(row) ?? "");
  if (!schema) throw new Error("Cannot serve CRDs as there is no definition of them");
  return schema;
}

function publishBuiltin(row: BuiltinResourceRow): PublishedSchema {
  const definitions = loadBuiltinDefinitions();
  const name = definitions.nameOf(row) ?? "";
  const closure = definitions
    .closureOf(name)
    .map((each) => [each, definitions.openApi(each, "v3") ?? {}] as const);
  return { name, definitions: Object.fromEntries(closure) };
}

/** The compiled schema of a built-in kind. */
export function findBuiltinSchema(gvk: GroupVersionKind): SchemaNode | undefined {
  const definitions = loadBuiltinDefinitions();
  const name = definitions.nameOf(gvk);
  return name === undefined ? undefined : definitions.schemaOf(name);
}
