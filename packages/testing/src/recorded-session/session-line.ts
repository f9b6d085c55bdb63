import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { JsonMessage, JsonValue } from "./json-codec.ts";

/** One line of a recorded session: a call that was answered, or an event of a stream. */
export interface SessionLine {
  /** When it began, in ms since the start of the session. */
  readonly t: number;
  readonly phase: string;
  readonly id: number;
  /** `KV.Range`. */
  readonly call: string;
  /** Which connection; on streams only where they are opened. */
  readonly conn?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly event?: "open" | "request" | "response" | "half-close" | "cancelled by client";
  readonly request?: JsonMessage;
  readonly response?: JsonMessage;
  readonly error?: { readonly code: number; readonly message: string };
}

/**
 * Reads a recorded session. Values that were recorded as length and hash only are filled with bytes
 * of that length that differ where the hashes differ.
 */
export function readSession(file: string): readonly SessionLine[] {
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  return lines
    .map((line) => fillIn(JSON.parse(line) as JsonValue) as unknown as SessionLine)
    .filter(({ call }) => call !== undefined);
}

function fillIn(value: JsonValue): JsonValue {
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => fillIn(item as JsonValue));
  const message = value as JsonMessage & { readonly len?: unknown; readonly sha256?: unknown };
  if (typeof message.len === "number" && typeof message.sha256 === "string") {
    return Buffer.alloc(message.len, message.sha256).toString("base64");
  }
  return Object.fromEntries(
    Object.entries(message).map(([name, field]) => [name, fillIn(field as JsonValue)]),
  );
}
