import { type FieldError, invalid, notSupported, required } from "@cellplane/apimachinery";
import type { JsonSchemaProps, ValidationRule } from "../json-schema-props.ts";
import { resolveFieldPath } from "./field-path.ts";

const reasons = [
  "FieldValueDuplicate",
  "FieldValueForbidden",
  "FieldValueInvalid",
  "FieldValueRequired",
];
const lineBreak = /[\n\r]/;

/** The form of `x-kubernetes-validations`, before any of it is compiled. */
export function validateRules(schema: JsonSchemaProps, path: string): readonly FieldError[] {
  return (schema["x-kubernetes-validations"] ?? []).flatMap((rule, index) =>
    validateRule(schema, rule, `${path}.x-kubernetes-validations[${index}]`),
  );
}

function validateRule(
  schema: JsonSchemaProps,
  rule: ValidationRule,
  path: string,
): readonly FieldError[] {
  const { messageExpression, reason } = rule;
  return [
    ...validateText(rule, path),
    ...(messageExpression && messageExpression.trim() === ""
      ? [required(`${path}.messageExpression`, "messageExpression must be non-empty if specified")]
      : []),
    ...(reason !== undefined && !reasons.includes(reason)
      ? [notSupported(`${path}.reason`, reason, reasons)]
      : []),
    ...validateFieldPath(schema, rule.fieldPath, `${path}.fieldPath`),
  ];
}

function validateText(rule: ValidationRule, path: string): readonly FieldError[] {
  const text = (rule.rule ?? "").trim();
  const given = rule.message ?? "";
  const message = given.trim();
  if (text === "") return [required(`${path}.rule`, "rule is not specified")];
  const at = `${path}.message`;
  if (given !== "" && message === "") return [invalid(at, given, "must be non-empty if specified")];
  if (lineBreak.test(message)) return [invalid(at, given, "must not contain line breaks")];
  if (lineBreak.test(text) && message === "")
    return [required(at, "message must be specified if rule contains line breaks")];
  return [];
}

function validateFieldPath(
  schema: JsonSchemaProps,
  fieldPath: string | undefined,
  path: string,
): readonly FieldError[] {
  if (!fieldPath) return [];
  return [
    ...(fieldPath.trim() === ""
      ? [invalid(path, fieldPath, "must be non-empty if specified")]
      : []),
    ...(lineBreak.test(fieldPath)
      ? [invalid(path, fieldPath, "must not contain line breaks")]
      : []),
    ...(resolveFieldPath(schema, fieldPath, { allowArrayNotation: true }).kind === "invalid"
      ? [invalid(path, fieldPath, "must be a valid path")]
      : []),
  ];
}
