import { type Codec, WireReader, type WireWriter } from "@cellplane/grpc";
import { fieldsOf, type FieldType, type WireField } from "./wire-fields.ts";

/** A message as a recorded session has it: only fields that are on the wire; 64-bit integers as text, bytes as base64. */
export interface JsonMessage {
  readonly [field: string]: JsonValue | undefined;
}

/** What a field holds. */
export type JsonValue = string | boolean | JsonMessage | readonly JsonValue[];

/** Writes and reads messages of one type as a recorded session shows them. */
export function jsonCodec(type: string): Codec<JsonMessage> {
  return {
    encode: (message, to) => writeMessage(type, message, to),
    decode: (bytes) => readMessage(type, new WireReader(bytes)),
  };
}

/** What a field holds that is no message. @throws {Error} It is a message, or there is none. */
export function textOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  throw new Error(`Cannot read a field as it must be text: it is ${JSON.stringify(value)}`);
}

/** What a field holds that is a message. @throws {Error} It is none. */
export function messageOf(value: JsonValue | undefined): JsonMessage {
  if (typeof value === "object" && !Array.isArray(value)) return value as JsonMessage;
  throw new Error(`Cannot read a field as it must be a message: it is ${JSON.stringify(value)}`);
}

function writeMessage(type: string, message: JsonMessage, to: WireWriter): void {
  const fields = fieldsOf(type);
  for (const [name, value] of Object.entries(message)) {
    const field = fields.get(name);
    if (!field || value === undefined) throw unknownField(type, name);
    const items: readonly JsonValue[] = Array.isArray(value) ? value : [value];
    for (const item of items) writeValue(field, item, to);
  }
}

function writeValue({ number, type }: WireField, value: JsonValue, to: WireWriter): void {
  to.varint(number * 8 + (hasLength(type) ? 2 : 0));
  if (typeof type === "object") {
    if ("names" in type) return to.varint(type.names.indexOf(textOf(value)));
    const start = to.beginNested();
    writeMessage(type.message, messageOf(value), to);
    return to.endNested(start);
  }
  switch (type) {
    case "bytes":
      return to.bytes(Buffer.from(textOf(value), "base64"));
    case "text":
      return to.text(textOf(value));
    case "bool":
      return to.varint(value === true ? 1 : 0);
    default:
      return to.bigint(BigInt(textOf(value)));
  }
}

function hasLength(type: FieldType): boolean {
  return type === "bytes" || type === "text" || (typeof type === "object" && "message" in type);
}

function readMessage(type: string, from: WireReader): JsonMessage {
  const byNumber = new Map([...fieldsOf(type).values()].map((field) => [field.number, field]));
  const message: Record<string, JsonValue> = {};
  while (!from.isAtEnd) {
    const tag = from.tag();
    const field = byNumber.get(tag >>> 3);
    if (!field) throw unknownField(type, String(tag >>> 3));
    const value = readValue(field, from);
    const before = message[field.name];
    if (!isRepeated(field.type)) message[field.name] = value;
    else message[field.name] = Array.isArray(before) ? [...before, value] : [value];
  }
  return message;
}

function isRepeated(type: FieldType): boolean {
  return typeof type === "object" && "message" in type && type.isRepeated;
}

function readValue({ type }: WireField, from: WireReader): JsonValue {
  if (typeof type === "object") {
    if ("names" in type) return type.names[from.uint32()] ?? "a value without a name";
    const outer = from.enter();
    const message = readMessage(type.message, from);
    from.leave(outer);
    return message;
  }
  switch (type) {
    case "bytes":
      return Buffer.from(from.bytes()).toString("base64");
    case "text":
      return from.text();
    case "bool":
      return from.bool();
    case "int":
      return String(from.int64AsBigint());
    default:
      return String(from.uint64AsBigint());
  }
}

function unknownField(type: string, name: string): Error {
  return new Error(`Cannot handle field "${name}" of ${type} as it is not in the table`);
}
