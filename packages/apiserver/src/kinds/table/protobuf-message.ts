import {
  isJsonObject,
  type JsonObject,
  type ProtobufField,
  type ProtobufInline,
  type ProtobufMessage,
  type ProtobufType,
} from "@cellplane/apimachinery";
import type { BuiltinDefinition, BuiltinProperty } from "./parse-definition.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
const schemaProps = `${apiextensions}.JSONSchemaProps`;

/** References to what protobuf writes in a form of its own. */
const ownForms = new Map<string, ProtobufType>([
  [`${meta}.Time`, "time"],
  [`${meta}.MicroTime`, "microTime"],
  [`${meta}.FieldsV1`, "raw"],
  ["io.k8s.apimachinery.pkg.api.resource.Quantity", "quantity"],
  ["io.k8s.apimachinery.pkg.util.intstr.IntOrString", "intOrString"],
  ["io.k8s.apimachinery.pkg.runtime.RawExtension", "raw"],
  [`${apiextensions}.JSON`, "raw"],
  [`${schemaProps}OrBool`, { schemaOr: "bool", schema: schemaProps }],
  [`${schemaProps}OrArray`, { schemaOr: "schemas", schema: schemaProps }],
  [`${schemaProps}OrStringArray`, { schemaOr: "strings", schema: schemaProps }],
]);

/** The protobuf message of a definition, in the order of the field numbers. */
export function protobufMessage(definition: BuiltinDefinition): ProtobufMessage {
  const root = new Map<number, ProtobufField | MutableInline>();
  for (const property of definition.properties) {
    const isRequired = definition.required.includes(property.name);
    if (property.numbers.length > 0) place(root, property, isRequired);
  }
  return sorted(root);
}

interface MutableInline extends ProtobufInline {
  readonly inline: Map<number, ProtobufField | MutableInline>;
}

function place(
  root: Map<number, ProtobufField | MutableInline>,
  property: BuiltinProperty,
  isRequired: boolean,
): void {
  let message = root;
  for (const number of property.numbers.slice(0, -1)) {
    const known = message.get(number);
    const inline =
      known && "inline" in known
        ? known
        : { number, inline: new Map<number, ProtobufField | MutableInline>() };
    message.set(number, inline);
    message = inline.inline;
  }
  const number = property.numbers.at(-1) ?? 0;
  const keepsZero = property.isPointer || isRequired;
  message.set(number, { number, name: property.name, keepsZero, ...shapeOf(property.schema) });
}

function sorted(message: Map<number, ProtobufField | MutableInline>): ProtobufMessage {
  const entries = Array.from(message).sort(([left], [right]) => left - right);
  return new Map(
    entries.map(([number, field]) => [
      number,
      "inline" in field ? { number, inline: sorted(field.inline) } : field,
    ]),
  );
}

function shapeOf(schema: JsonObject): Pick<ProtobufField, "type" | "repeats"> {
  const { items, additionalProperties } = schema;
  if (isJsonObject(items)) return { type: typeOf(items), repeats: "list" };
  if (isJsonObject(additionalProperties)) {
    return { type: typeOf(additionalProperties), repeats: "map" };
  }
  return { type: typeOf(schema), repeats: "once" };
}

function typeOf(schema: JsonObject): ProtobufType {
  const { $ref, type, format } = schema;
  if (typeof $ref === "string") return ownForms.get($ref) ?? { message: $ref };
  if (type === "array") return "strings";
  if (type === "boolean") return "bool";
  if (type === "number") return "double";
  if (type === "integer") return format === "int32" ? "int32" : "int64";
  return format === "byte" ? "bytes" : "string";
}
