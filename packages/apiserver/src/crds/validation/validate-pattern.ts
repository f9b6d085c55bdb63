import { type FieldError, findPatternProblem, invalid } from "@cellplane/apimachinery";
import type { JsonSchemaProps } from "../json-schema-props.ts";

/** `pattern` must be a regular expression as Go has them. */
export function validatePattern({ pattern }: JsonSchemaProps, path: string): readonly FieldError[] {
  if (!pattern) return [];
  const problem = findPatternProblem(pattern);
  if (problem === undefined) return [];
  const detail = `must be a valid regular expression, but isn't: ${problem}`;
  return [invalid(`${path}.pattern`, pattern, detail)];
}
