import { ProtobufReader } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** What Kubernetes puts around a message: what it is, and its bytes (`runtime.Unknown`). */
export interface ProtobufEnvelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** Whether bytes begin with Kubernetes' mark of protobuf, `k8s\0`. */
export function isProtobufEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((byte, at) => bytes[at] === byte);
}

/**
 * Reads the envelope.
 *
 * @throws {ProtobufError} If the bytes after the mark are not one.
 */
export function readProtobufEnvelope(bytes: Uint8Array): ProtobufEnvelope {
  const reader = new ProtobufReader(bytes.subarray(magic.length));
  let type = { apiVersion: "", kind: "" };
  let raw: Uint8Array = new Uint8Array();
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x0a) type = readType(reader.readBytes());
    else if (tag === 0x12) raw = reader.readBytes();
    else reader.skip(tag);
  }
  return { ...type, raw };
}

/** Writes the envelope, with its mark. */
export function writeProtobufEnvelope({ apiVersion, kind, raw }: ProtobufEnvelope): Uint8Array {
  const type = new ProtobufWriter();
  type.writeText(1, apiVersion);
  type.writeText(2, kind);
  const writer = new ProtobufWriter();
  writer.append(magic);
  writer.writeBytes(1, type.finish());
  writer.writeBytes(2, raw);
  writer.writeText(3, "");
  writer.writeText(4, "");
  return writer.finish();
}

function readType(bytes: Uint8Array): { readonly apiVersion: string; readonly kind: string } {
  const reader = new ProtobufReader(bytes);
  let apiVersion = "";
  let kind = "";
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    if (tag === 0x0a) apiVersion = reader.readText();
    else if (tag === 0x12) kind = reader.readText();
    else reader.skip(tag);
  }
  return { apiVersion, kind };
}
