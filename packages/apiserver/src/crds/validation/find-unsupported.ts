import {
  additionalPropertiesOf,
  itemsOf,
  type JsonSchemaProps,
  propertiesOf,
} from "../json-schema-props.ts";

const unsupported = [
  "id",
  "$schema",
  "$ref",
  "patternProperties",
  "dependencies",
  "additionalItems",
  "definitions",
] as const;

/**
 * What keeps a schema from being looked at as a structural one at all, in Kubernetes' words. Where
 * there is something, the structural rules are not applied.
 */
export function findUnsupported(schema: JsonSchemaProps): string | undefined {
  const member = unsupported.find((name) => schema[name] !== undefined && schema[name] !== "");
  if (member !== undefined)
    return `OpenAPIV3Schema '${member === "$schema" ? "schema" : member}' is not supported`;
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(schema.items) && schema.items.length > 0)
    return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of structuralChildren(schema)) {
    const problem = findUnsupported(child);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function structuralChildren(schema: JsonSchemaProps): readonly JsonSchemaProps[] {
  const items = itemsOf(schema);
  const additional = additionalPropertiesOf(schema);
  return [
    ...(items ? [items] : []),
    ...propertiesOf(schema).map(([, property]) => property),
    ...(additional ? [additional] : []),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.not ? [schema.not] : []),
  ];
}
