import {
  type FieldError,
  forbiddenField,
  invalid,
  type JsonValue,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { itemsOf, type JsonSchemaProps } from "../json-schema-props.ts";

/** `x-kubernetes-map-type`, `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`. */
export function validateListAndMapTypes(
  schema: JsonSchemaProps,
  path: string,
): readonly FieldError[] {
  const mapType = schema["x-kubernetes-map-type"];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return [
    ...(mapType === undefined ? [] : validateOwner(schema, path, ["object", "map"])),
    ...validateChoice(mapType, `${path}.x-kubernetes-map-type`, ["atomic", "granular"]),
    ...(listType === undefined ? [] : validateListOwner(schema, path)),
    ...validateChoice(listType, `${path}.x-kubernetes-list-type`, ["atomic", "set", "map"]),
    ...(keys.length > 0 && listType !== "map" ? [keysWithoutMap(listType, path)] : []),
    ...(listType === "map" ? validateMapList(schema, path) : []),
    ...validateMapItems(schema, path),
  ];
}

function validateChoice(
  value: string | undefined,
  path: string,
  choices: readonly string[],
): readonly FieldError[] {
  if (value === undefined || choices.includes(value)) return [];
  return [notSupported(path, value, choices)];
}

function validateOwner(
  { type }: JsonSchemaProps,
  path: string,
  [expected, extension]: readonly [string, string],
): readonly FieldError[] {
  if (type === expected) return [];
  const detail = `must be ${expected} if x-kubernetes-${extension}-type is specified`;
  return [type ? invalid(`${path}.type`, type, detail) : required(`${path}.type`, detail)];
}

function validateListOwner(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  const errors = validateOwner(schema, path, ["array", "list"]);
  if (errors.length > 0 || schema["x-kubernetes-list-type"] !== "set") return errors;
  const items = itemsOf(schema);
  const listType: JsonValue = items?.["x-kubernetes-list-type"] ?? null;
  const detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
  if (items?.type === "array" && listType !== null && listType !== "atomic")
    return [invalid(`${path}.items.x-kubernetes-list-type`, listType, detail)];
  // Kubernetes prints the list type here too.
  if (items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    return [invalid(`${path}.items.x-kubernetes-map-type`, listType, detail)];
  return [];
}

function keysWithoutMap(listType: string | undefined, path: string): FieldError {
  const at = `${path}.x-kubernetes-list-type`;
  const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
  return listType === undefined ? required(at, detail) : invalid(at, listType, detail);
}

function validateMapList(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const items = itemsOf(schema);
  return [
    ...(keys.length === 0
      ? [
          required(
            `${path}.x-kubernetes-list-map-keys`,
            "must not be empty if x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...(schema.items
      ? []
      : [required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")]),
    ...(schema.items && !items
      ? [
          invalid(
            `${path}.items`,
            schema.items as unknown as JsonValue,
            "must only have a single schema if x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...(items && items.type !== "object"
      ? [
          invalid(
            `${path}.items.type`,
            items.type ?? "",
            "must be object if parent array's x-kubernetes-list-type is map",
          ),
        ]
      : []),
    ...(items?.type === "object" ? validateKeys(items, keys, path) : []),
  ];
}

function validateKeys(
  items: JsonSchemaProps,
  keys: readonly string[],
  path: string,
): readonly FieldError[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  return keys.flatMap((key, index) => {
    const property = items.properties?.[key];
    const isScalar = property?.type !== "array" && property?.type !== "object";
    return [
      ...(property && !isScalar
        ? [
            invalid(
              `${path}.items.properties[${key}].type`,
              items.type ?? "",
              "must be a scalar type if parent array's x-kubernetes-list-type is map",
            ),
          ]
        : []),
      ...(property ? [] : [invalid(at, keys, "entries must all be names of item properties")]),
      ...(keys.indexOf(key) < index
        ? [invalid(at, keys, "must not contain duplicate entries")]
        : []),
    ];
  });
}

function validateMapItems(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const items = itemsOf(schema);
  if (!items || (listType !== "set" && listType !== "map")) return [];
  const nullable = items.nullable
    ? [
        forbiddenField(
          `${path}.items.nullable`,
          `cannot be nullable when x-kubernetes-list-type is ${listType}`,
        ),
      ]
    : [];
  if (listType === "set") return nullable;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return [...nullable, ...keys.flatMap((key) => validateKeyPresence(items, key, path))];
}

function validateKeyPresence(
  items: JsonSchemaProps,
  key: string,
  path: string,
): readonly FieldError[] {
  const property = items.properties?.[key];
  if (!property) return [];
  const at = `${path}.items.properties[${key}]`;
  const isAlwaysThere = items.required?.includes(key) === true || property.default !== undefined;
  return [
    ...(isAlwaysThere
      ? []
      : [
          required(
            `${at}.default`,
            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a " +
              "required property",
          ),
        ]),
    ...(property.nullable
      ? [
          forbiddenField(
            `${at}.nullable`,
            "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
          ),
        ]
      : []),
  ];
}
