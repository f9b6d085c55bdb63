import type { CrdColumn, CrdVersion } from "./custom-resource-definition.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";

const texts: ReadonlySet<string> = new Set(
  "id $schema description type format title pattern".split(" "),
);
const flags: ReadonlySet<string> = new Set(
  (
    "exclusiveMaximum exclusiveMinimum uniqueItems nullable x-kubernetes-embedded-resource " +
    "x-kubernetes-int-or-string"
  ).split(" "),
);
const lists: ReadonlySet<string> = new Set(
  "enum required allOf oneOf anyOf x-kubernetes-list-map-keys x-kubernetes-validations".split(" "),
);
const maps: ReadonlySet<string> = new Set(
  "properties patternProperties dependencies definitions".split(" "),
);
const schemaLists: ReadonlySet<string> = new Set(["allOf", "oneOf", "anyOf", "items"]);
const schemas: ReadonlySet<string> = new Set([
  "items",
  "not",
  "additionalProperties",
  "additionalItems",
]);

/** A version as Kubernetes writes it: without what is empty. The same object where nothing is. */
export function canonicalVersion(version: CrdVersion): CrdVersion {
  const root = version.schema?.openAPIV3Schema;
  const schema = root && canonicalSchema(root);
  const { deprecated, additionalPrinterColumns, selectableFields, ...rest } = version;
  const isCanonical =
    schema === root &&
    deprecated !== false &&
    additionalPrinterColumns === undefined &&
    selectableFields?.length !== 0;
  if (isCanonical) return version;
  return {
    ...rest,
    ...(deprecated ? { deprecated } : {}),
    ...(schema ? { schema: { ...version.schema, openAPIV3Schema: schema } } : {}),
    ...(additionalPrinterColumns && additionalPrinterColumns.length > 0
      ? { additionalPrinterColumns: additionalPrinterColumns.map(canonicalColumn) }
      : {}),
    ...(selectableFields && selectableFields.length > 0 ? { selectableFields } : {}),
  };
}

function canonicalColumn(column: CrdColumn): CrdColumn {
  const { format, description, priority, ...rest } = column;
  return {
    ...rest,
    ...(format ? { format } : {}),
    ...(description ? { description } : {}),
    ...(priority ? { priority } : {}),
  };
}

function canonicalSchema(schema: JsonSchemaProps): JsonSchemaProps {
  let result: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(schema)) {
    const kept = isEmpty(key, value) ? undefined : canonicalMember(key, value);
    if (kept === value) continue;
    result ??= { ...schema };
    result[key] = kept;
  }
  if (!result) return schema;
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

function canonicalMember(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return schemaLists.has(key) ? mapSame(value, canonicalSchema) : value;
  if (typeof value !== "object" || value === null) return value;
  if (schemas.has(key)) return canonicalSchema(value);
  if (!maps.has(key)) return value;
  const entries = Object.entries(value as Readonly<Record<string, JsonSchemaProps>>);
  const mapped = entries.map(([, each]) => (Array.isArray(each) ? each : canonicalSchema(each)));
  if (mapped.every((each, index) => each === entries[index]?.[1])) return value;
  return Object.fromEntries(entries.map(([name], index) => [name, mapped[index]]));
}

function mapSame<T>(values: readonly T[], map: (value: T) => T): readonly T[] {
  const mapped = values.map(map);
  return mapped.every((each, index) => each === values[index]) ? values : mapped;
}

// A `null` default or example is none at all.
function isEmpty(key: string, value: unknown): boolean {
  if (value === null) return true;
  if (texts.has(key)) return value === "";
  if (flags.has(key)) return value === false;
  if (lists.has(key)) return Array.isArray(value) && value.length === 0;
  return maps.has(key) && typeof value === "object" && Object.keys(value ?? {}).length === 0;
}
