import type { JsonValue } from "../meta/json-value.ts";
import { parseJsonPath } from "./parse-json-path.ts";
import { runSteps } from "./run-steps.ts";

/** Everything in a value that a path leads to; empty where it leads nowhere. */
export type JsonPath = (value: JsonValue) => JsonValue[];

/**
 * Compiles a path in Kubernetes' dialect of JSONPath, with or without braces around it:
 * `.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[*].port`, `.metadata.labels['a.b']`,
 * `[-1:]`, `..name`.
 *
 * @throws {JsonPathError} If it is not one.
 */
export function compileJsonPath(text: string): JsonPath {
  const inner = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
  const steps = parseJsonPath(inner);
  return (value) => runSteps(steps, value);
}
