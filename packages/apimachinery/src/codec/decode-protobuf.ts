import { type GroupVersionKind, parseGroupVersion } from "../meta/group-version.ts";
import type { JsonObject, JsonValue } from "../meta/json-value.ts";
import { encodeBase64 } from "./base64.ts";
import { parseJson } from "./json.ts";
import { isProtobufEnvelope, readProtobufEnvelope } from "./protobuf-envelope.ts";
import {
  ProtobufError,
  type ProtobufField,
  type ProtobufMessage,
  type ProtobufMessages,
  type ProtobufType,
  type SchemaOr,
} from "./protobuf-message.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { formatTime } from "./protobuf-time.ts";

/**
 * Reads an object from Kubernetes' protobuf, as the JSON that Go would write of it: zero values
 * are left out where Go leaves them out. `fallback` is for an envelope that does not say its kind.
 *
 * @throws {ProtobufError} If the bytes are not such, or of a kind without a message.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
  messages: ProtobufMessages,
  fallback?: GroupVersionKind,
): JsonObject {
  if (!isProtobufEnvelope(bytes)) {
    throw new ProtobufError(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  }
  const { apiVersion, kind, raw } = readProtobufEnvelope(bytes);
  const gvk = kind === "" ? fallback : { ...parseGroupVersionOf(apiVersion), kind };
  const name = gvk && messages.nameOf(gvk);
  const message = name === undefined ? undefined : messages.message(name);
  if (message === undefined) {
    throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  }
  const type = kind === "" ? {} : { apiVersion, kind };
  return Object.assign(type, readMessage(new ProtobufReader(raw), message, messages));
}

function parseGroupVersionOf(apiVersion: string): {
  readonly group: string;
  readonly version: string;
} {
  return parseGroupVersion(apiVersion) ?? { group: "", version: apiVersion };
}

type Members = Record<string, JsonValue>;

function readMessage(
  reader: ProtobufReader,
  message: ProtobufMessage,
  messages: ProtobufMessages,
): Members {
  const members: Members = {};
  readInto(members, { reader, message, messages });
  return members;
}

interface Source {
  readonly reader: ProtobufReader;
  readonly message: ProtobufMessage;
  readonly messages: ProtobufMessages;
}

function readInto(members: Members, { reader, message, messages }: Source): void {
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    const field = message.get(tag >>> 3);
    if (field === undefined) reader.skip(tag);
    else if ("inline" in field) {
      const inner = new ProtobufReader(reader.readBytes());
      readInto(members, { reader: inner, message: field.inline, messages });
    } else readField(members, field, { reader, messages });
  }
}

interface Values {
  readonly reader: ProtobufReader;
  readonly messages: ProtobufMessages;
}

function readField(members: Members, field: ProtobufField, values: Values): void {
  const { name, type } = field;
  if (field.repeats === "list") {
    const list = (members[name] ??= []) as JsonValue[];
    list.push(readValue(type, values) ?? null);
  } else if (field.repeats === "map") {
    readEntry((members[name] ??= {}) as Members, type, values);
  } else {
    const value = readValue(type, values);
    if (value !== undefined && (field.keepsZero || !isZero(value))) members[name] = value;
  }
}

function readEntry(map: Members, type: ProtobufType, { reader, messages }: Values): void {
  const entry = new ProtobufReader(reader.readBytes());
  let key = "";
  let value: JsonValue | undefined;
  while (!entry.isAtEnd) {
    const tag = entry.readTag();
    if (tag === 0x0a) key = entry.readText();
    else if (tag >>> 3 === 2) value = readValue(type, { reader: entry, messages });
    else entry.skip(tag);
  }
  map[key] = value ?? zeroOf(type);
}

function readValue(type: ProtobufType, { reader, messages }: Values): JsonValue | undefined {
  switch (type) {
    case "string":
      return reader.readText();
    case "bytes":
      return encodeBase64(reader.readBytes());
    case "bool":
      return reader.readTag() !== 0;
    case "int32":
    case "int64":
      return reader.readSigned();
    case "double":
      return reader.readDouble();
    default:
      return readInner(type, new ProtobufReader(reader.readBytes()), messages);
  }
}

type InnerType = Exclude<ProtobufType, "string" | "bytes" | "bool" | "int32" | "int64" | "double">;

function readInner(
  type: InnerType,
  reader: ProtobufReader,
  messages: ProtobufMessages,
): JsonValue | undefined {
  switch (type) {
    case "time":
    case "microTime":
      return readTime(type, reader);
    case "quantity":
      return readOne(reader)?.text() || "0";
    case "intOrString":
      return readIntOrString(reader);
    case "raw":
      return readRaw(reader, messages);
    case "strings":
      return readStrings(reader);
    default:
      if ("schemaOr" in type) return readSchemaOr(type, reader, messages);
      return readMessage(reader, messageOf(type.message, messages), messages);
  }
}

function messageOf(name: string, messages: ProtobufMessages): ProtobufMessage {
  const message = messages.message(name);
  if (message === undefined) throw new ProtobufError(`Cannot read protobuf: no message ${name}`);
  return message;
}

function readTime(type: "time" | "microTime", reader: ProtobufReader): string | undefined {
  let seconds: number | bigint = 0;
  let nanos: number | bigint = 0;
  if (reader.isAtEnd) return undefined;
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x08) seconds = reader.readSigned();
    else if (tag === 0x10) nanos = reader.readSigned();
    else reader.skip(tag);
  }
  return formatTime(type, Number(seconds), Number(nanos));
}

function readOne(reader: ProtobufReader): { readonly text: () => string } | undefined {
  let text: string | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x0a) text = reader.readText();
    else reader.skip(tag);
  }
  return text === undefined ? undefined : { text: () => text };
}

function readIntOrString(reader: ProtobufReader): JsonValue {
  let isText = false;
  let integer: number | bigint = 0;
  let text = "";
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x08) isText = reader.readTag() === 1;
    else if (tag === 0x10) integer = reader.readSigned();
    else if (tag === 0x1a) text = reader.readText();
    else reader.skip(tag);
  }
  return isText ? text : integer;
}

// JSON's bytes, or again an envelope where an object of its own is inside.
function readRaw(reader: ProtobufReader, messages: ProtobufMessages): JsonValue | undefined {
  let bytes: Uint8Array | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x0a) bytes = reader.readBytes();
    else reader.skip(tag);
  }
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (isProtobufEnvelope(bytes)) return decodeProtobuf(bytes, messages);
  return parseRaw(new TextDecoder().decode(bytes));
}

function parseRaw(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new ProtobufError("Cannot read protobuf: raw bytes are not JSON", { cause });
  }
}

function readStrings(reader: ProtobufReader): readonly string[] {
  const list: string[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x0a) list.push(reader.readText());
    else reader.skip(tag);
  }
  return list;
}

function readSchemaOr(
  type: SchemaOr,
  reader: ProtobufReader,
  messages: ProtobufMessages,
): JsonValue {
  const schemaField = type.schemaOr === "bool" ? 2 : 1;
  let schema: JsonValue | undefined;
  let isAllowed = false;
  const others: JsonValue[] = [];
  const readSchema = (): JsonValue =>
    readInner({ message: type.schema }, new ProtobufReader(reader.readBytes()), messages) ?? {};
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag >>> 3 === schemaField) schema = readSchema();
    else if (tag === 0x08) isAllowed = reader.readTag() !== 0;
    else if (tag === 0x12) {
      others.push(type.schemaOr === "strings" ? reader.readText() : readSchema());
    } else reader.skip(tag);
  }
  return schema ?? (type.schemaOr === "bool" ? isAllowed : others);
}

function isZero(value: JsonValue): boolean {
  return value === "" || value === 0 || value === false;
}

function zeroOf(type: ProtobufType): JsonValue {
  if (type === "string" || type === "bytes") return "";
  if (type === "bool") return false;
  if (type === "quantity") return "0";
  if (type === "int32" || type === "int64" || type === "double") return 0;
  return type === "strings" ? [] : {};
}
