import { type FieldError, forbiddenField, invalid } from "@cellplane/apimachinery";
import type { CrdSchema } from "../custom-resource-definition.ts";
import type { JsonSchemaProps } from "../json-schema-props.ts";
import { findUnsupported } from "./find-unsupported.ts";
import { printSchema } from "./print-internal.ts";
import { validateDefaults } from "./validate-defaults.ts";
import { validateOpenApiSchema } from "./validate-open-api-schema.ts";
import { validateStructural } from "./validate-structural.ts";

/** Names that may stand at the root where there is a status subresource, as Kubernetes prints them. */
const rootFields =
  "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength " +
  "MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties " +
  "ExternalDocs Example XPreserveUnknownFields XValidations";
const rootMembers: ReadonlySet<string> = new Set(
  rootFields
    .split(" ")
    .map((name) => `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`)
    .concat("x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
);

/** The schema of one version, or of all. `path` is that of `schema` or `validation`. */
export function validateVersionSchema(
  schema: CrdSchema | undefined,
  path: string,
  options: { readonly hasStatus: boolean },
): readonly FieldError[] {
  const root = schema?.openAPIV3Schema;
  if (!root) return [];
  const at = `${path}.openAPIV3Schema`;
  const unsupported = findUnsupported(root);
  const errors = [
    ...(options.hasStatus ? validateRootForStatus(root, at) : []),
    ...(root.nullable
      ? [forbiddenField(`${at}.nullable`, "nullable cannot be true at the root")]
      : []),
    ...(unsupported === undefined ? validateShape(root, at) : []),
    ...validateOpenApiSchema(root, at),
  ];
  if (errors.length === 0 && unsupported !== undefined) return [invalid(at, "", unsupported)];
  return errors;
}

function validateShape(root: JsonSchemaProps, path: string): readonly FieldError[] {
  const errors = validateStructural(root, path);
  return errors.length > 0 ? errors : validateDefaults(root, path);
}

function validateRootForStatus(root: JsonSchemaProps, path: string): readonly FieldError[] {
  if (root.type !== undefined && root.type !== "object") {
    const detail =
      'only "object" is allowed as the type at the root of the schema if the status subresource ' +
      "is enabled";
    return [invalid(`${path}.type`, root.type, detail)];
  }
  const isFine = Object.entries(root).every(
    ([name, value]) => value === undefined || value === false || rootMembers.has(name),
  );
  if (isFine) return [];
  const detail = `only [${rootFields}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [invalid(path, printSchema(root), detail)];
}
