import type { GroupVersionKind } from "../meta/group-version.ts";

/** How one value is written: a scalar, a type with a form of its own, or a message by name. */
export type ProtobufType =
  | "string"
  | "bytes"
  | "bool"
  | "int32"
  | "int64"
  | "double"
  /** `Time` and `MicroTime`: seconds and nanoseconds. */
  | "time"
  | "microTime"
  | "quantity"
  | "intOrString"
  /** A message of one field with the bytes of JSON (FieldsV1, JSON) or of another object (RawExtension). */
  | "raw"
  /** A message whose field 1 is a list of texts that JSON has without the message around it. */
  | "strings"
  /** One schema or something else: JSONSchemaPropsOrBool, …OrArray, …OrStringArray. */
  | SchemaOr
  | { readonly message: string };

/** JSONSchemaPropsOrBool and its like: field 1 or 2 is the schema, the other one what it may also be. */
export interface SchemaOr {
  readonly schemaOr: "bool" | "schemas" | "strings";
  /** The name of JSONSchemaProps' message. */
  readonly schema: string;
}

/** One field of a message. */
export interface ProtobufField {
  readonly number: number;
  /** Its name in JSON. */
  readonly name: string;
  readonly type: ProtobufType;
  readonly repeats: "once" | "list" | "map";
  /** Whether a zero scalar is kept: it was set, or JSON always has it. */
  readonly keepsZero: boolean;
}

/** A message whose fields JSON has one level higher. */
export interface ProtobufInline {
  readonly number: number;
  readonly inline: ProtobufMessage;
}

/** A message by its field numbers. */
export type ProtobufMessage = ReadonlyMap<number, ProtobufField | ProtobufInline>;

/** The messages that the codec knows. */
export interface ProtobufMessages {
  /** The message of a kind. */
  nameOf(gvk: GroupVersionKind): string | undefined;
  message(name: string): ProtobufMessage | undefined;
}

/** Bytes that are not what they should be. */
export class ProtobufError extends Error {
  override readonly name: string = "ProtobufError";
}
