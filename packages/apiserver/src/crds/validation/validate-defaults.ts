import {
  compileSchema,
  type FieldError,
  invalid,
  isJsonEqual,
  type JsonObject,
  type JsonValue,
  pruneUnknown,
  validateValue,
} from "@cellplane/apimachinery";
import { itemsOf, type JsonSchemaProps, propertiesOf } from "../json-schema-props.ts";

/** Every default must be valid and must have no fields that its schema does not know. */
export function validateDefaults(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  const items = itemsOf(schema);
  const { default: value } = schema;
  return [
    ...(value === undefined || value === null ? [] : validateDefault(schema, value, path)),
    ...(items ? validateDefaults(items, `${path}.items`) : []),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      validateDefaults(property, `${path}.properties[${name}]`),
    ),
  ];
}

function validateDefault(
  schema: JsonSchemaProps,
  value: JsonValue,
  path: string,
): readonly FieldError[] {
  const at = `${path}.default`;
  const node = compileSchema(schema as unknown as JsonObject, () => undefined);
  const unknown = isJsonEqual(pruneUnknown(node, value), value)
    ? []
    : [invalid(at, value, "must not have unknown fields")];
  // The messages name the place inside the default only, as Kubernetes' do.
  const errors = validateValue(node, value, "")
    .filter(isChecked)
    .map((error) => ({ ...error, field: joinField(at, error.field) }));
  return [...unknown, ...errors];
}

// Kubernetes looks at defaults without the rules for list types and int-or-string.
function isChecked({ reason, message }: FieldError): boolean {
  return reason !== "FieldValueDuplicate" && !message.includes("must be of type integer,string");
}

function joinField(path: string, field: string): string {
  if (field === "" || field.startsWith("<")) return field === "" ? path : field;
  return field.startsWith(".") ? `${path}${field}` : `${path}.${field}`;
}
