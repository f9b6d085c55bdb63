import type { FieldError } from "@cellplane/apimachinery";

/** What is wrong with a write, and what its author should know though it is accepted. */
export interface Findings {
  readonly errors: readonly FieldError[];
  readonly warnings: readonly string[];
}

/** Nothing found. */
export const noFindings: Findings = { errors: [], warnings: [] };

/** All findings together. */
export function joinFindings(...all: readonly Findings[]): Findings {
  return {
    errors: all.flatMap(({ errors }) => errors),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

/** Who writes: our own controllers may what nobody else may, such as take a finalizer away. */
export type Actor = "controller" | "platformAdmin" | "user";
