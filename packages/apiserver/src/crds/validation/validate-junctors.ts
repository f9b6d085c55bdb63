import { type FieldError, forbiddenField } from "@cellplane/apimachinery";
import {
  additionalPropertiesOf,
  itemsOf,
  type JsonSchemaProps,
  propertiesOf,
} from "../json-schema-props.ts";
import { validatePattern } from "./validate-pattern.ts";

/** What may not stand under a junctor, with the words for it, where it says more than nothing. */
const forbiddenMembers: readonly (readonly [keyof JsonSchemaProps, string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

/** Under `allOf`, `anyOf`, `oneOf` and `not` there may be value rules only. */
export function validateJunctors(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  return checkJunctors(schema, path, {
    anyOf: isIntOrString(schema.anyOf),
    firstOfAllOf: isIntOrString(schema.allOf?.[0]?.anyOf),
  });
}

/** Which places hold the two alternatives `integer` and `string`, the one use of types allowed. */
interface Exempt {
  readonly anyOf: boolean;
  readonly firstOfAllOf: boolean;
}

const nothingExempt: Exempt = { anyOf: false, firstOfAllOf: false };

function checkJunctors(
  schema: JsonSchemaProps,
  path: string,
  exempt: Exempt,
): readonly FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not } = schema;
  const checkEach = (kind: string, nested: readonly JsonSchemaProps[]): readonly FieldError[] =>
    nested.flatMap((each, index) => checkNested(each, `${path}.${kind}[${index}]`, nothingExempt));
  return [
    ...(exempt.anyOf ? [] : checkEach("anyOf", anyOf)),
    ...allOf.flatMap((each, index) =>
      checkNested(each, `${path}.allOf[${index}]`, {
        anyOf: exempt.firstOfAllOf && index === 0,
        firstOfAllOf: false,
      }),
    ),
    ...checkEach("oneOf", oneOf),
    ...(not ? checkNested(not, `${path}.not`, nothingExempt) : []),
  ];
}

function checkNested(schema: JsonSchemaProps, path: string, exempt: Exempt): readonly FieldError[] {
  const items = itemsOf(schema);
  const additional = additionalPropertiesOf(schema);
  return [
    ...checkJunctors(schema, path, exempt),
    ...validatePattern(schema, path),
    ...(items ? checkNested(items, `${path}.items`, nothingExempt) : []),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      checkNested(property, `${path}.properties[${name}]`, nothingExempt),
    ),
    ...forbiddenMembers
      .filter(([member]) => saysSomething(schema[member]))
      .map(([member, detail]) => forbiddenField(`${path}.${member}`, detail)),
    ...(additional && !saysSomething(additional)
      ? checkNested(additional, `${path}.additionalProperties`, nothingExempt)
      : []),
    ...(schema.properties?.["metadata"]
      ? [
          forbiddenField(
            `${path}.properties[metadata]`,
            "must not be specified in a nested context",
          ),
        ]
      : []),
  ];
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}

function isIntOrString(anyOf: readonly JsonSchemaProps[] | undefined): boolean {
  return anyOf?.length === 2 && isOnlyType(anyOf[0], "integer") && isOnlyType(anyOf[1], "string");
}

function isOnlyType(schema: JsonSchemaProps | undefined, type: string): boolean {
  return schema?.type === type && Object.keys(schema).length === 1;
}
