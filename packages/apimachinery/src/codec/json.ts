import type { JsonValue } from "../meta/json-value.ts";

declare global {
  interface JSON {
    /** In V8 since Node 22; not yet in TypeScript's library. */
    rawJSON(text: string): unknown;
  }
}

// A run of 16 digits is the shortest integer that a double may not hold.
const longDigits = /\d{16}/;
const integerLiteral = /^-?\d+$/;
const maxInt64 = 9223372036854775807n;
const minInt64 = -9223372036854775808n;

/**
 * Parses JSON without losing int64: an integer literal that a double cannot hold exactly becomes
 * a `bigint`, one beyond int64 a double (as in Go's decoder). The last of duplicate keys wins.
 *
 * @throws {SyntaxError} If the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  if (!longDigits.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, reviveInt64) as JsonValue;
}

/** Writes JSON; a `bigint` is written as the integer it is. */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, writeInt64, indent);
  }
}

function reviveInt64(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined || !integerLiteral.test(source)) return value;
  const exact = BigInt(source);
  return exact > maxInt64 || exact < minInt64 ? value : exact;
}

function writeInt64(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? JSON.rawJSON(value.toString()) : value;
}
