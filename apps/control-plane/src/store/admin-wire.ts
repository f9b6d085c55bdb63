import { deserialize, serialize } from "node:v8";
import { CompactedError, FutureRevisionError, UnavailableError } from "@cellplane/kv";

/** The socket's name in a data directory. */
export const adminSocketName = "admin.sock";

/** A part of a stream. */
export type AdminMessage =
  | { readonly kind: "progress"; readonly keys: number }
  | { readonly kind: "result"; readonly value: unknown }
  | { readonly kind: "batch"; readonly value: unknown }
  | { readonly kind: "reached"; readonly revision: number }
  | { readonly kind: "error"; readonly error: WireError };

/** An error as it goes over the socket. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  /** What was asked for, and what there is. */
  readonly revision?: number;
  readonly known?: number;
}

/** Anything as bytes: both ends are this program, of one user on one machine. */
export function encodeMessage(value: unknown): Buffer {
  const body = serialize(value);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** The messages of a stream. */
export async function* decodeMessages(chunks: AsyncIterable<Buffer>): AsyncGenerator {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4) {
      const end = 4 + rest.readUInt32BE(0);
      if (rest.length < end) break;
      yield withBuffers(deserialize(rest.subarray(4, end)));
      rest = rest.subarray(end);
    }
  }
}

/** Bytes arrive as plain arrays of them. */
function withBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (Array.isArray(value)) return value.map(withBuffers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withBuffers(each)]));
}

/** What is told of an error. */
export function wireErrorOf(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (error instanceof CompactedError)
    return { name, message, revision: error.requested, known: error.compacted };
  if (error instanceof FutureRevisionError)
    return { name, message, revision: error.requested, known: error.current };
  return { name, message };
}

/** The error that was told. */
export function errorOfWire({ name, message, revision = 0, known = 0 }: WireError): Error {
  if (name === "CompactedError") return new CompactedError(revision, known);
  if (name === "FutureRevisionError") return new FutureRevisionError(revision, known);
  return new UnavailableError(message);
}
