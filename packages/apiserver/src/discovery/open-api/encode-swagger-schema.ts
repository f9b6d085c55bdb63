import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  stringifyJson,
} from "@cellplane/apimachinery";
import type { ProtobufWriter } from "./protobuf-writer.ts";

const stringFields = { $ref: 1, format: 2, title: 3, description: 4, pattern: 13 } as const;
const doubleFields = { multipleOf: 6, maximum: 7, minimum: 9 } as const;
const boolFields = { exclusiveMaximum: 8, exclusiveMinimum: 10, uniqueItems: 16 } as const;
const integerFields = {
  maxLength: 11,
  minLength: 12,
  maxItems: 14,
  minItems: 15,
  maxProperties: 17,
  minProperties: 18,
} as const;

/** The members of `openapi.v2.Schema`. */
export function encodeSwaggerSchema(writer: ProtobufWriter, schema: JsonObject): void {
  for (const [name, field] of Object.entries(stringFields)) writer.string(field, schema[name]);
  for (const [name, field] of Object.entries(doubleFields)) writer.double(field, schema[name]);
  for (const [name, field] of Object.entries(boolFields)) writer.bool(field, schema[name]);
  for (const [name, field] of Object.entries(integerFields)) writer.integer(field, schema[name]);
  if (schema["default"] !== undefined) writeAny(writer, 5, schema["default"]);
  writeStrings(writer, 19, schema["required"]);
  if (isJsonArray(schema["enum"])) for (const each of schema["enum"]) writeAny(writer, 20, each);
  writeAdditional(writer, schema["additionalProperties"]);
  const { type, items, properties } = schema;
  if (typeof type === "string") writer.message(22, () => writer.text(1, type));
  if (isJsonObject(items))
    writer.message(23, () => writer.message(1, () => encodeSwaggerSchema(writer, items)));
  if (isJsonObject(properties)) writeProperties(writer, properties);
  writeExtensions(writer, 31, schema);
}

/** `x-…` members, each under its name. */
export function writeExtensions(writer: ProtobufWriter, field: number, holder: JsonObject): void {
  for (const [name, value] of Object.entries(holder)) {
    if (!name.startsWith("x-") || value === undefined) continue;
    writer.message(field, () => {
      writer.string(1, name);
      writeAny(writer, 2, value);
    });
  }
}

/** A list of texts as a repeated field. */
export function writeStrings(
  writer: ProtobufWriter,
  field: number,
  values: JsonValue | undefined,
): void {
  if (!isJsonArray(values)) return;
  for (const value of values) if (typeof value === "string") writer.text(field, value);
}

function writeAdditional(writer: ProtobufWriter, additional: JsonValue | undefined): void {
  if (isJsonObject(additional))
    writer.message(21, () => writer.message(1, () => encodeSwaggerSchema(writer, additional)));
  else if (typeof additional === "boolean") writer.message(21, () => writer.bool(2, additional));
}

function writeProperties(writer: ProtobufWriter, properties: JsonObject): void {
  writer.message(25, () => {
    for (const [name, property] of Object.entries(properties)) {
      if (!isJsonObject(property)) continue;
      writer.message(1, () => {
        writer.string(1, name);
        writer.message(2, () => encodeSwaggerSchema(writer, property));
      });
    }
  });
}

// `Any` carries YAML, of which JSON is a part.
function writeAny(writer: ProtobufWriter, field: number, value: JsonValue): void {
  writer.message(field, () => writer.text(2, stringifyJson(value)));
}
