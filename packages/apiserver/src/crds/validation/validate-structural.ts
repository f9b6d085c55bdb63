import { type FieldError, forbiddenField, invalid, required } from "@cellplane/apimachinery";
import {
  additionalPropertiesOf,
  itemsOf,
  type JsonSchemaProps,
  propertiesOf,
} from "../json-schema-props.ts";

import { validateCompleteness } from "./validate-completeness.ts";
import { validateJunctors } from "./validate-junctors.ts";
import { validatePattern } from "./validate-pattern.ts";

type Level = "root" | "item" | "field";

const missingType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/**
 * The rules of a structural schema: a type everywhere, nothing but value rules under `allOf` and
 * the like, `metadata` left to the API. Sorted by text, as Kubernetes sorts them.
 */
export function validateStructural(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  const errors = [
    ...validateInvariants(schema, "root", path),
    ...validateCompleteness(schema, path),
  ];
  const textOf = (error: FieldError): string => `${error.field}: ${error.message}`;
  return errors.toSorted((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
}

function validateInvariants(
  schema: JsonSchemaProps,
  level: Level,
  path: string,
): readonly FieldError[] {
  const items = itemsOf(schema);
  const additional = additionalPropertiesOf(schema);
  return [
    ...(schema.type === "array" && !schema.items
      ? [required(`${path}.items`, "must be specified")]
      : []),
    ...(items ? validateInvariants(items, "item", `${path}.items`) : []),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      validateInvariants(property, "field", `${path}.properties[${name}]`),
    ),
    ...(schema.additionalProperties !== undefined && level === "root"
      ? [forbiddenField(`${path}.additionalProperties`, "must not be used at the root")]
      : []),
    ...(additional ? validateInvariants(additional, "field", `${path}.additionalProperties`) : []),
    ...validateExtensions(schema, path),
    ...validateJunctors(schema, path),
    ...validatePattern(schema, path),
    ...validateType(schema, level, path),
    ...validateWholeObject(schema, level, path),
  ];
}

function validateExtensions(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  if (schema["x-kubernetes-int-or-string"] !== true) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    .filter((name) => schema[name] === true)
    .map((name) =>
      invalid(`${path}.${name}`, true, "must be false if x-kubernetes-int-or-string is true"),
    );
}

function validateType(schema: JsonSchemaProps, level: Level, path: string): readonly FieldError[] {
  const type = schema.type ?? "";
  const at = `${path}.type`;
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(at, detail) : invalid(at, type, detail)];
  }
  const isTypeless =
    schema["x-kubernetes-int-or-string"] === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (type === "" && !isTypeless) return [required(at, missingType[level])];
  if (level === "root" && type !== "" && type !== "object")
    return [invalid(at, type, "must be object at the root")];
  return [];
}

function validateWholeObject(
  schema: JsonSchemaProps,
  level: Level,
  path: string,
): readonly FieldError[] {
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const isWhole = level === "root" || isEmbedded;
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const mustBe = (name: string, type: string): FieldError =>
    invalid(`${path}.properties[${name}].type`, type, "must be string");
  const needsProperties =
    isEmbedded &&
    schema["x-kubernetes-preserve-unknown-fields"] !== true &&
    propertiesOf(schema).length === 0;
  return [
    ...(isEmbedded && schema.additionalProperties !== undefined
      ? [
          forbiddenField(
            `${path}.additionalProperties`,
            "must not be used if x-kubernetes-embedded-resource is set",
          ),
        ]
      : []),
    ...(isWhole && kind && kind.type !== "string" ? [mustBe("kind", kind.type ?? "")] : []),
    ...(isWhole && apiVersion && apiVersion.type !== "string"
      ? [mustBe("apiVersion", apiVersion.type ?? "")]
      : []),
    ...(metadata ? validateMetadata(metadata, { path, isWhole, level }) : []),
    ...(needsProperties
      ? [
          required(
            `${path}.properties`,
            "must not be empty if x-kubernetes-embedded-resource is true without " +
              "x-kubernetes-preserve-unknown-fields",
          ),
        ]
      : []),
  ];
}

function validateMetadata(
  metadata: JsonSchemaProps,
  at: { readonly path: string; readonly isWhole: boolean; readonly level: Level },
): readonly FieldError[] {
  const path = `${at.path}.properties[metadata]`;
  return [
    ...(at.isWhole && metadata.type !== "object"
      ? [invalid(`${path}.type`, metadata.type ?? "", "must be object")]
      : []),
    ...(at.level === "root" && !restrictsNamesOnly(metadata)
      ? [
          forbiddenField(
            path,
            "must not specify anything other than name and generateName, but metadata is " +
              "implicitly specified",
          ),
        ]
      : []),
  ];
}

function restrictsNamesOnly(metadata: JsonSchemaProps): boolean {
  const { type: _type, default: _default, properties, ...rest } = metadata;
  const isPlain = Object.values(rest).every((value) => value === undefined || value === false);
  const names = Object.keys(properties ?? {});
  return isPlain && names.every((name) => name === "name" || name === "generateName");
}
