import { type FieldError, forbiddenField, invalid, notSupported } from "@cellplane/apimachinery";
import {
  additionalPropertiesOf,
  itemsOf,
  type JsonSchemaProps,
  propertiesOf,
} from "../json-schema-props.ts";
import { validateListAndMapTypes } from "./validate-list-types.ts";
import { validateRules } from "./validate-rules.ts";

const knownTypes = ["array", "boolean", "integer", "number", "object", "string"];
const metaFields: ReadonlySet<string> = new Set(["metadata", "kind", "apiVersion"]);

/** What holds of a place in the schema because of the places above it. */
interface Place {
  readonly isRoot: boolean;
  /** Inside `apiVersion`, `kind` or `metadata` of a whole object. */
  readonly insideMeta: boolean;
  /** Why there may be no default here. */
  readonly noDefaults: string | undefined;
}

/** The rules of a schema that hold for each of its parts, whether structural or not. */
export function validateOpenApiSchema(
  schema: JsonSchemaProps,
  path: string,
): readonly FieldError[] {
  return validate(schema, path, { isRoot: true, insideMeta: false, noDefaults: undefined });
}

function validate(schema: JsonSchemaProps, path: string, place: Place): readonly FieldError[] {
  return [
    ...validateMembers(schema, path, place),
    ...(schema.uniqueItems === true
      ? [
          forbiddenField(
            `${path}.uniqueItems`,
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
          ),
        ]
      : []),
    ...validateFields(schema, path, place),
    ...validateNested(schema, path, { ...place, isRoot: false }),
    ...(schema["x-kubernetes-preserve-unknown-fields"] === false
      ? [
          invalid(
            `${path}.x-kubernetes-preserve-unknown-fields`,
            false,
            "must be true or undefined",
          ),
        ]
      : []),
    ...validateListAndMapTypes(schema, path),
    ...validateRules(schema, path),
  ];
}

function validateFields(
  schema: JsonSchemaProps,
  path: string,
  place: Place,
): readonly FieldError[] {
  const additional = additionalPropertiesOf(schema);
  const isWhole = place.isRoot || schema["x-kubernetes-embedded-resource"] === true;
  const properties = propertiesOf(schema);
  const excludesAdditional =
    properties.length > 0 && (additional !== undefined || schema.additionalProperties === false);
  return [
    ...(excludesAdditional
      ? [
          forbiddenField(
            `${path}.additionalProperties`,
            "additionalProperties and properties are mutual exclusive",
          ),
        ]
      : []),
    ...(additional
      ? validate(additional, `${path}.additionalProperties`, {
          ...place,
          isRoot: false,
          ...(place.insideMeta
            ? { noDefaults: "inside additionalProperties applying to object metadata" }
            : {}),
        })
      : []),
    ...properties.flatMap(([name, property]) => {
      const isMeta = isWhole && metaFields.has(name);
      return validate(property, `${path}.properties[${name}]`, {
        isRoot: false,
        insideMeta: place.insideMeta || isMeta,
        noDefaults: isMeta && place.isRoot ? `in top-level ${name}` : place.noDefaults,
      });
    }),
  ];
}

function validateNested(
  schema: JsonSchemaProps,
  path: string,
  place: Place,
): readonly FieldError[] {
  const items = itemsOf(schema);
  const validateEach = (kind: "allOf" | "oneOf" | "anyOf"): readonly FieldError[] =>
    (schema[kind] ?? []).flatMap((each, index) =>
      validate(each, `${path}.${kind}[${index}]`, place),
    );
  return [
    ...(schema.not ? validate(schema.not, `${path}.not`, place) : []),
    ...validateEach("allOf"),
    ...validateEach("oneOf"),
    ...validateEach("anyOf"),
    ...(items ? validate(items, `${path}.items`, place) : []),
  ];
}

const unsupported = [
  "additionalItems",
  "patternProperties",
  "definitions",
  "dependencies",
  "$ref",
] as const;

function validateMembers(
  schema: JsonSchemaProps,
  path: string,
  place: Place,
): readonly FieldError[] {
  const { type } = schema;
  return [
    ...(type && !knownTypes.includes(type) ? [notSupported(`${path}.type`, type, knownTypes)] : []),
    ...(schema.default !== undefined && place.noDefaults !== undefined
      ? [forbiddenField(`${path}.default`, `must not be set ${place.noDefaults}`)]
      : []),
    ...(schema.id ? [forbiddenField(`${path}.id`, "id is not supported")] : []),
    ...unsupported
      .filter((member) => schema[member] !== undefined)
      .map((member) => forbiddenField(`${path}.${member}`, `${member} is not supported`)),
    ...(type === "null"
      ? [
          forbiddenField(
            `${path}.type`,
            "type cannot be set to null, use nullable as an alternative",
          ),
        ]
      : []),
    ...(Array.isArray(schema.items) && schema.items.length > 0
      ? [forbiddenField(`${path}.items`, "items must be a schema object and not an array")]
      : []),
    ...(place.insideMeta && schema["x-kubernetes-embedded-resource"] === true
      ? [
          forbiddenField(
            `${path}.x-kubernetes-embedded-resource`,
            "must not be used inside of resource meta",
          ),
        ]
      : []),
  ];
}
