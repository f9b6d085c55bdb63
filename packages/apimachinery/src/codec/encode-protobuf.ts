import { parseGroupVersion } from "../meta/group-version.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { decodeBase64 } from "./base64.ts";
import { stringifyJson } from "./json.ts";
import { writeProtobufEnvelope } from "./protobuf-envelope.ts";
import {
  type ProtobufField,
  type ProtobufMessage,
  type ProtobufMessages,
  type ProtobufType,
  type SchemaOr,
} from "./protobuf-message.ts";
import { parseTime } from "./protobuf-time.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/**
 * Writes an object in Kubernetes' protobuf, with its envelope. Fields that the message does not
 * have are left out. `undefined` where the object's kind has no message: then answer in JSON.
 */
export function encodeProtobuf(
  object: JsonObject,
  messages: ProtobufMessages,
): Uint8Array | undefined {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const place = parseGroupVersion(apiVersion);
  const name = place && messages.nameOf({ ...place, kind });
  const message = name === undefined ? undefined : messages.message(name);
  if (message === undefined) return undefined;
  return writeProtobufEnvelope({ apiVersion, kind, raw: encodeMessage(object, message, messages) });
}

function encodeMessage(
  object: JsonObject,
  message: ProtobufMessage,
  messages: ProtobufMessages,
): Uint8Array {
  const writer = new ProtobufWriter();
  for (const field of message.values()) {
    if ("inline" in field) {
      const inner = encodeMessage(object, field.inline, messages);
      if (inner.length > 0) writer.writeBytes(field.number, inner);
      continue;
    }
    const value = object[field.name];
    if (value !== undefined && value !== null) writeField(writer, { field, value, messages });
  }
  return writer.finish();
}

interface FieldValue {
  readonly field: ProtobufField;
  readonly value: JsonValue;
  readonly messages: ProtobufMessages;
}

function writeField(writer: ProtobufWriter, { field, value, messages }: FieldValue): void {
  const { number, type } = field;
  const write = (to: ProtobufWriter, at: number, item: JsonValue): void => {
    writeValue(to, at, { type, value: item, messages });
  };
  if (field.repeats === "list") {
    if (isJsonArray(value)) for (const item of value) write(writer, number, item);
  } else if (field.repeats === "map") {
    if (!isJsonObject(value)) return;
    for (const [key, item] of Object.entries(value)) {
      const entry = new ProtobufWriter();
      entry.writeText(1, key);
      if (item !== undefined) write(entry, 2, item);
      writer.writeBytes(number, entry.finish());
    }
  } else write(writer, number, value);
}

interface TypedValue {
  readonly type: ProtobufType;
  readonly value: JsonValue;
  readonly messages: ProtobufMessages;
}

function writeValue(writer: ProtobufWriter, number: number, typed: TypedValue): void {
  const { type, value } = typed;
  switch (type) {
    case "string":
      writer.writeText(number, textOf(value));
      return;
    case "bytes":
      writer.writeBytes(number, decodeBase64(textOf(value)));
      return;
    case "bool":
      writer.writeInteger(number, value === true ? 1 : 0);
      return;
    case "int32":
    case "int64":
      writer.writeInteger(number, integerOf(value));
      return;
    case "double":
      writer.writeDouble(number, Number(integerOf(value)));
      return;
    default:
      writer.writeBytes(number, encodeInner(type, typed));
  }
}

function encodeInner(type: ProtobufType, { value, messages }: TypedValue): Uint8Array {
  const writer = new ProtobufWriter();
  if (typeof type === "object") {
    if ("schemaOr" in type) writeSchemaOr(writer, type, { type, value, messages });
    else {
      const message = messages.message(type.message);
      if (message && isJsonObject(value)) return encodeMessage(value, message, messages);
    }
  } else if (type === "time" || type === "microTime") writeTime(writer, textOf(value));
  else if (type === "quantity") writer.writeText(1, textOf(value));
  else if (type === "intOrString") writeIntOrString(writer, value);
  else if (type === "raw") writer.writeText(1, stringifyJson(value));
  else if (isJsonArray(value)) for (const item of value) writer.writeText(1, textOf(item));
  return writer.finish();
}

function writeTime(writer: ProtobufWriter, text: string): void {
  const time = parseTime(text);
  if (time === undefined) return;
  writer.writeInteger(1, time.seconds);
  writer.writeInteger(2, time.nanos);
}

function writeIntOrString(writer: ProtobufWriter, value: JsonValue): void {
  const isText = typeof value === "string";
  writer.writeInteger(1, isText ? 1 : 0);
  writer.writeInteger(2, isText ? 0 : integerOf(value));
  writer.writeText(3, isText ? value : "");
}

function writeSchemaOr(writer: ProtobufWriter, type: SchemaOr, typed: TypedValue): void {
  const { value, messages } = typed;
  const schema: ProtobufType = { message: type.schema };
  const schemaField = type.schemaOr === "bool" ? 2 : 1;
  if (isJsonObject(value)) {
    if (type.schemaOr === "bool") writer.writeInteger(1, 1);
    writer.writeBytes(schemaField, encodeInner(schema, { type: schema, value, messages }));
  } else if (isJsonArray(value)) {
    for (const item of value) {
      if (type.schemaOr === "strings") writer.writeText(2, textOf(item));
      else writer.writeBytes(2, encodeInner(schema, { type: schema, value: item, messages }));
    }
  } else writer.writeInteger(1, value === true ? 1 : 0);
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : stringifyJson(value);
}

function integerOf(value: JsonValue): number | bigint {
  return typeof value === "number" || typeof value === "bigint" ? value : 0;
}
