import type { JsonValue } from "@cellplane/apimachinery";

/** A CEL rule, `x-kubernetes-validations[]`. */
export interface ValidationRule {
  readonly rule?: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A schema as it stands in a CRD, `spec.versions[].schema.openAPIV3Schema`. */
export interface JsonSchemaProps {
  readonly id?: string;
  readonly $schema?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly title?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: JsonValue;
  readonly example?: JsonValue;
  readonly pattern?: string;
  readonly uniqueItems?: boolean;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly JsonValue[];
  readonly items?: JsonSchemaProps | readonly JsonSchemaProps[];
  readonly allOf?: readonly JsonSchemaProps[];
  readonly anyOf?: readonly JsonSchemaProps[];
  readonly oneOf?: readonly JsonSchemaProps[];
  readonly not?: JsonSchemaProps;
  readonly properties?: Readonly<Record<string, JsonSchemaProps>>;
  readonly additionalProperties?: JsonSchemaProps | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchemaProps>>;
  readonly dependencies?: Readonly<Record<string, JsonSchemaProps | readonly string[]>>;
  readonly additionalItems?: JsonSchemaProps | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchemaProps>>;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** The schema of a list's items, where it is one schema as it should be. */
export function itemsOf(schema: JsonSchemaProps): JsonSchemaProps | undefined {
  return isSchema(schema.items) ? schema.items : undefined;
}

/** The schema of values under other keys, where it is a schema rather than a boolean. */
export function additionalPropertiesOf(schema: JsonSchemaProps): JsonSchemaProps | undefined {
  return isSchema(schema.additionalProperties) ? schema.additionalProperties : undefined;
}

/** The properties as pairs. */
export function propertiesOf(
  schema: JsonSchemaProps,
): readonly (readonly [string, JsonSchemaProps])[] {
  return Object.entries(schema.properties ?? {});
}

/** Every schema in a schema, itself first. */
export function* walkSchemas(schema: JsonSchemaProps): Generator<JsonSchemaProps> {
  yield schema;
  for (const child of childrenOf(schema)) yield* walkSchemas(child);
}

function childrenOf(schema: JsonSchemaProps): readonly JsonSchemaProps[] {
  const { items, not } = schema;
  return [
    ...(isSchema(items) ? [items] : (items ?? [])),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(not ? [not] : []),
    ...Object.values(schema.properties ?? {}),
    ...[schema.additionalProperties, schema.additionalItems].filter((each) => isSchema(each)),
    ...Object.values(schema.patternProperties ?? {}),
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(schema.dependencies ?? {}).filter((each) => isSchema(each)),
  ];
}

function isSchema(
  value: JsonSchemaProps | readonly JsonSchemaProps[] | readonly string[] | boolean | undefined,
): value is JsonSchemaProps {
  return typeof value === "object" && !Array.isArray(value);
}
