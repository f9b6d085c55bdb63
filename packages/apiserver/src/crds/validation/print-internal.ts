import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import type { CrdColumn, CrdSubresources, CrdVersion } from "../custom-resource-definition.ts";
import type { JsonSchemaProps, ValidationRule } from "../json-schema-props.ts";

/** The fields of Kubernetes' internal schema type in their order, with the value of an absent one. */
const schemaFields: readonly (readonly [string, string, JsonValue])[] = [
  ["ID", "id", ""],
  ["Schema", "$schema", ""],
  ["Ref", "$ref", null],
  ["Description", "description", ""],
  ["Type", "type", ""],
  ["Nullable", "nullable", false],
  ["Format", "format", ""],
  ["Title", "title", ""],
  ["Default", "default", null],
  ["Maximum", "maximum", null],
  ["ExclusiveMaximum", "exclusiveMaximum", false],
  ["Minimum", "minimum", null],
  ["ExclusiveMinimum", "exclusiveMinimum", false],
  ["MaxLength", "maxLength", null],
  ["MinLength", "minLength", null],
  ["Pattern", "pattern", ""],
  ["MaxItems", "maxItems", null],
  ["MinItems", "minItems", null],
  ["UniqueItems", "uniqueItems", false],
  ["MultipleOf", "multipleOf", null],
  ["Enum", "enum", null],
  ["MaxProperties", "maxProperties", null],
  ["MinProperties", "minProperties", null],
  ["Required", "required", null],
  ["Items", "items", null],
  ["AllOf", "allOf", null],
  ["OneOf", "oneOf", null],
  ["AnyOf", "anyOf", null],
  ["Not", "not", null],
  ["Properties", "properties", null],
  ["AdditionalProperties", "additionalProperties", null],
  ["PatternProperties", "patternProperties", null],
  ["Dependencies", "dependencies", null],
  ["AdditionalItems", "additionalItems", null],
  ["Definitions", "definitions", null],
  ["ExternalDocs", "externalDocs", null],
  ["Example", "example", null],
  ["XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", null],
  ["XEmbeddedResource", "x-kubernetes-embedded-resource", false],
  ["XIntOrString", "x-kubernetes-int-or-string", false],
  ["XListMapKeys", "x-kubernetes-list-map-keys", null],
  ["XListType", "x-kubernetes-list-type", null],
  ["XMapType", "x-kubernetes-map-type", null],
  ["XValidations", "x-kubernetes-validations", null],
];

/**
 * A schema as Kubernetes prints it in a message: its internal form with every field, under the
 * names of Go.
 */
export function printSchema(schema: JsonSchemaProps): JsonObject {
  const members = schema as unknown as JsonObject;
  return Object.fromEntries(
    schemaFields.map(([name, key, absent]) => [name, printMember(key, members[key]) ?? absent]),
  );
}

/** Versions as Kubernetes prints them in a message. */
export function printVersions(versions: readonly CrdVersion[]): JsonValue {
  return versions.map((version) => ({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: version.schema
      ? { OpenAPIV3Schema: printOptional(version.schema.openAPIV3Schema) }
      : null,
    Subresources: version.subresources ? printSubresources(version.subresources) : null,
    AdditionalPrinterColumns: version.additionalPrinterColumns?.map(printColumn) ?? null,
    SelectableFields:
      version.selectableFields?.map(({ jsonPath }) => ({ JSONPath: jsonPath })) ?? null,
  }));
}

function printMember(key: string, value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (key === "items" || key === "additionalProperties" || key === "additionalItems")
    return printChoice(key, value);
  if (key === "not") return printValue(value);
  if (key === "allOf" || key === "oneOf" || key === "anyOf")
    return isJsonArray(value) ? value.map(printValue) : value;
  if (key === "properties" || key === "patternProperties" || key === "definitions")
    return isJsonObject(value) ? printMap(value) : value;
  if (key === "x-kubernetes-validations")
    return isJsonArray(value) ? value.map((rule) => printRule(rule as ValidationRule)) : value;
  return value;
}

function printChoice(key: string, value: JsonValue): JsonValue {
  if (key === "items")
    return isJsonArray(value)
      ? { Schema: null, JSONSchemas: value.map(printValue) }
      : { Schema: printValue(value), JSONSchemas: null };
  if (typeof value === "boolean") return { Allows: value, Schema: null };
  return { Allows: true, Schema: printValue(value) };
}

function printMap(members: JsonObject): JsonObject {
  const entries = Object.entries(members).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, value]) => [name, printValue(value)]));
}

function printValue(value: JsonValue | undefined): JsonValue {
  return isJsonObject(value) ? printSchema(value) : (value ?? null);
}

function printOptional(schema: JsonSchemaProps | undefined): JsonValue {
  return schema ? printSchema(schema) : null;
}

function printRule(rule: ValidationRule): JsonObject {
  return {
    Rule: rule.rule ?? "",
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function printSubresources({ status, scale }: CrdSubresources): JsonObject {
  return {
    Status: status ? {} : null,
    Scale: scale
      ? {
          SpecReplicasPath: scale.specReplicasPath ?? "",
          StatusReplicasPath: scale.statusReplicasPath ?? "",
          LabelSelectorPath: scale.labelSelectorPath ?? null,
        }
      : null,
  };
}

function printColumn(column: CrdColumn): JsonObject {
  return {
    Name: column.name,
    Type: column.type,
    Format: column.format ?? "",
    Description: column.description ?? "",
    Priority: column.priority ?? 0,
    JSONPath: column.jsonPath,
  };
}
