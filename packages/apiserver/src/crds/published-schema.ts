import type { JsonObject } from "@cellplane/apimachinery";
import { closeOver } from "../discovery/open-api/close-over.ts";
import type { FindDefinition } from "../discovery/open-api/open-api-types.ts";
import type { PublishedSchema } from "../registry/resource.ts";
import type { CrdVersion, CustomResourceDefinition } from "./custom-resource-definition.ts";

const reference = "#/components/schemas/";
const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const listMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

const typeMeta: JsonObject = {
  apiVersion: { type: "string", description: "Group and version of the schema of this object." },
  kind: { type: "string", description: "Kind of this object, in CamelCase." },
};

/** What OpenAPI says of one version of a custom resource, with its list and object metadata. */
export function publishCrdSchema(
  crd: CustomResourceDefinition,
  version: CrdVersion,
  find: FindDefinition,
): PublishedSchema {
  const { kind, listKind } = crd.spec.names;
  const name = definitionName(crd.spec.group, version.name, kind);
  const listName = definitionName(crd.spec.group, version.name, listKind ?? `${kind}List`);
  return {
    name,
    definitions: {
      [name]: renderObject(crd, version),
      [listName]: renderList(crd, version, name),
      ...closeOver([objectMeta, listMeta], find),
    },
  };
}

/** `com.example.v1.Foo` for `Foo` of `example.com/v1`. */
function definitionName(group: string, version: string, kind: string): string {
  return [...group.split(".").toReversed(), version, kind].join(".");
}

function renderObject(crd: CustomResourceDefinition, version: CrdVersion): JsonObject {
  const schema = (version.schema?.openAPIV3Schema ?? { type: "object" }) as JsonObject;
  const fields = (version.selectableFields ?? []).map(({ jsonPath }) => ({
    fieldPath: jsonPath.slice(1),
  }));
  return {
    ...embedMetadata(schema),
    properties: {
      ...(embedMetadata(schema)["properties"] as JsonObject | undefined),
      ...typeMeta,
      metadata: refersTo(objectMeta),
    },
    "x-kubernetes-group-version-kind": [gvkOf(crd, version, crd.spec.names.kind)],
    ...(fields.length > 0 ? { "x-kubernetes-selectable-fields": fields } : {}),
  };
}

function renderList(crd: CustomResourceDefinition, version: CrdVersion, item: string): JsonObject {
  const { kind, listKind, plural } = crd.spec.names;
  return {
    description: `${listKind ?? `${kind}List`} is a list of ${kind}`,
    type: "object",
    required: ["items"],
    properties: {
      ...typeMeta,
      metadata: refersTo(listMeta),
      items: {
        description: `List of ${plural}.`,
        type: "array",
        items: { $ref: `${reference}${item}` },
      },
    },
    "x-kubernetes-group-version-kind": [gvkOf(crd, version, listKind ?? `${kind}List`)],
  };
}

function gvkOf(crd: CustomResourceDefinition, version: CrdVersion, kind: string): JsonObject {
  return { group: crd.spec.group, version: version.name, kind };
}

function refersTo(name: string): JsonObject {
  return { allOf: [{ $ref: `${reference}${name}` }], default: {} };
}

/** Adds object metadata to whole objects inside the schema. */
function embedMetadata(schema: JsonObject): JsonObject {
  const { items, additionalProperties } = schema;
  const properties = schema["properties"] as Readonly<Record<string, JsonObject>> | undefined;
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const embedded = properties
    ? Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, embedMetadata(property)]),
      )
    : undefined;
  return {
    ...schema,
    ...(isSchema(items) ? { items: embedMetadata(items) } : {}),
    ...(isSchema(additionalProperties)
      ? { additionalProperties: embedMetadata(additionalProperties) }
      : {}),
    ...(embedded || isEmbedded
      ? {
          properties: {
            ...embedded,
            ...(isEmbedded ? { ...typeMeta, metadata: refersTo(objectMeta) } : {}),
          },
        }
      : {}),
  };
}

function isSchema(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
