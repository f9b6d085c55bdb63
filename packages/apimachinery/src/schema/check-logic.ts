import { type FieldError, invalid } from "../status/field-error.ts";
import type { ValueChecks } from "./value-checks.ts";

/** Where found errors go. */
export interface ErrorSink {
  readonly path: string;
  readonly errors: FieldError[];
}

/** Checks the same value against a sub-schema, adding what is wrong. */
export type CheckAgainst = (sub: unknown, errors: FieldError[]) => void;

/** What Kubernetes gives as the field of errors that belong to no single one. */
export const noField = "<nil>";

/** Checks `anyOf`, `oneOf`, `allOf` and `not`, in this order. */
export function checkLogic(checks: ValueChecks, against: CheckAgainst, sink: ErrorSink): void {
  if (checks.anyOf.length > 0) checkAnyOf(checks, against, sink);
  if (checks.oneOf.length > 0) checkOneOf(checks, against, sink);
  if (checks.allOf.length > 0) checkAllOf(checks, against, sink);
  if (checks.not !== undefined && errorsOf(checks.not, against).length === 0) {
    report(sink, "must not validate the schema (not)");
  }
}

function checkAnyOf(checks: ValueChecks, against: CheckAgainst, sink: ErrorSink): void {
  let first: readonly FieldError[] | undefined;
  for (const sub of checks.anyOf) {
    const errors = errorsOf(sub, against);
    if (errors.length === 0) return;
    first ??= errors;
  }
  report(sink, "must validate at least one schema (anyOf)");
  sink.errors.push(...(first ?? []));
}

function checkOneOf(checks: ValueChecks, against: CheckAgainst, sink: ErrorSink): void {
  const results = checks.oneOf.map((sub) => errorsOf(sub, against));
  const valid = results.filter((errors) => errors.length === 0).length;
  if (valid === 1) return;
  const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
  report(sink, `must validate one and only one schema (oneOf). ${found}`);
  if (valid === 0) sink.errors.push(...(results[0] ?? []));
}

function checkAllOf(checks: ValueChecks, against: CheckAgainst, sink: ErrorSink): void {
  const results = checks.allOf.map((sub) => errorsOf(sub, against));
  for (const errors of results) sink.errors.push(...errors);
  const valid = results.filter((errors) => errors.length === 0).length;
  if (valid === results.length) return;
  report(sink, `must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`);
}

function errorsOf(sub: unknown, against: CheckAgainst): readonly FieldError[] {
  const errors: FieldError[] = [];
  against(sub, errors);
  return errors;
}

function report({ path, errors }: ErrorSink, rule: string): void {
  errors.push(invalid(noField, "", `${JSON.stringify(path)} ${rule}`));
}
