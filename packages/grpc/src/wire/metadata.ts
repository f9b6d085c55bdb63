import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { GrpcError, type Metadata } from "./grpc-error.ts";

const namePattern = /^[0-9a-z_.-]+$/;
const textPattern = /^[\u0020-\u007e]*$/;
const ownNames = new Set(["content-type", "te", "user-agent"]);

/**
 * Metadata as HTTP/2 headers.
 *
 * @throws {GrpcError} INTERNAL, if a name or a value cannot be sent.
 */
export function formatMetadata(metadata: Metadata): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (!namePattern.test(name) || isReserved(name)) {
      throw new GrpcError("INTERNAL", `Cannot send metadata as its name is not allowed: "${name}"`);
    }
    headers[name] = formatValue(name, value);
  }
  return headers;
}

function formatValue(name: string, value: Metadata[string]): string | string[] {
  if (name.endsWith("-bin")) {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    throw new GrpcError("INTERNAL", `Cannot send metadata "${name}" as its value must be bytes`);
  }
  const values = typeof value === "string" ? [value] : value;
  if (values instanceof Uint8Array || !values.every((each) => textPattern.test(each))) {
    throw new GrpcError("INTERNAL", `Cannot send metadata "${name}" as its value must be ASCII`);
  }
  return typeof value === "string" ? value : Array.from(values);
}

/** The metadata among HTTP/2 headers or trailers. */
export function parseMetadata(headers: IncomingHttpHeaders): Metadata {
  const metadata: Record<string, string | Uint8Array | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || isReserved(name)) continue;
    metadata[name] = name.endsWith("-bin") ? parseBytes(String(value)) : value;
  }
  return metadata;
}

/** Values may come joined by commas, and without padding; the first one counts. */
function parseBytes(value: string): Uint8Array {
  return Buffer.from(value.split(",", 1)[0] ?? "", "base64");
}

function isReserved(name: string): boolean {
  return name.startsWith(":") || name.startsWith("grpc-") || ownNames.has(name);
}
