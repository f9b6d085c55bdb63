import type { JsonValue } from "../meta/json-value.ts";

/** One step of a path, from values to values below them. */
export type JsonPathStep =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "wildcard" }
  | { readonly kind: "recursive" }
  /** Items of a list, as of Python's slices: negative counts from the end. */
  | {
      readonly kind: "slice";
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly by: number;
    }
  | { readonly kind: "index"; readonly at: number }
  | { readonly kind: "union"; readonly of: readonly JsonPathStep[] }
  | { readonly kind: "filter"; readonly filter: JsonPathFilter };

/** How a filter compares; `exists` has only a left side. */
export type JsonPathComparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "exists";

/** Which items of a list are kept. */
export interface JsonPathFilter {
  readonly operator: JsonPathComparison;
  readonly left: JsonPathOperand;
  readonly right: JsonPathOperand | undefined;
}

/** A side of a comparison: a literal, or what a path from the item leads to. */
export type JsonPathOperand =
  | { readonly kind: "literal"; readonly value: JsonValue }
  | { readonly kind: "path"; readonly steps: readonly JsonPathStep[] };

/** A text that is not a path. */
export class JsonPathError extends Error {
  override readonly name: string = "JsonPathError";
}
