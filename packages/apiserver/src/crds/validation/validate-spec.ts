import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  type FieldError,
  invalid,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import type { CrdSpec, CrdSubresources, CrdVersion } from "../custom-resource-definition.ts";

import { type HoistedSpec, hoistSpec } from "./hoist-spec.ts";
import { walkSchemas } from "../json-schema-props.ts";
import { printVersions } from "./print-internal.ts";
import { validateConversion } from "./validate-conversion.ts";
import { validateNames, validateRequiredNames } from "./validate-names.ts";
import { validateSelectableFields } from "./validate-selectable-fields.ts";
import {
  validateColumns,
  validateDeprecation,
  validateSubresources,
} from "./validate-version-parts.ts";
import { validateVersionSchema } from "./validate-version-schema.ts";

/** `spec`, at the path `spec`. */
export function validateSpec(spec: CrdSpec): readonly FieldError[] {
  const hoisted = hoistSpec(spec);
  return [
    ...validateGroup(spec.group),
    ...validateScope(spec.scope),
    ...validatePresence(hoisted),
    ...validatePreservation(spec),
    ...hoisted.versions.flatMap((version, index) => validateVersion(version, index, hoisted)),
    ...validateVersionSet(hoisted),
    ...validateRequiredNames(spec.names, "spec.names"),
    ...validateNames(spec.names, "spec.names"),
    ...validateShared(hoisted),
    ...validatePreservedConversion(spec),
    ...validateConversion(spec.conversion, "spec.conversion"),
  ];
}

function validateGroup(group: string): readonly FieldError[] {
  if (!group) return [required("spec.group")];
  const problems = dns1123SubdomainErrors(group);
  if (problems.length > 0) return [invalid("spec.group", group, problems.join(","))];
  if (group.includes(".")) return [];
  return [invalid("spec.group", group, "should be a domain with at least one dot")];
}

function validateScope(scope: string): readonly FieldError[] {
  if (!scope) return [required("spec.scope")];
  const scopes = ["Cluster", "Namespaced"];
  return scopes.includes(scope) ? [] : [notSupported("spec.scope", scope, scopes)];
}

function validatePresence({ validation, versions }: HoistedSpec): readonly FieldError[] {
  if (validation?.openAPIV3Schema) return [];
  return versions.flatMap((version, index) =>
    version.schema?.openAPIV3Schema
      ? []
      : [required(`spec.versions[${index}].schema.openAPIV3Schema`)],
  );
}

// Only `false` prunes; defaults and conversion are for pruned objects.
function validatePreservation({ preserveUnknownFields, versions }: CrdSpec): readonly FieldError[] {
  if (preserveUnknownFields !== true) return [];
  const hasDefaults = versions.some(
    ({ schema }) =>
      schema?.openAPIV3Schema !== undefined &&
      walkSchemas(schema.openAPIV3Schema).some((each) => each.default !== undefined),
  );
  if (!hasDefaults) return [];
  const detail = "must be false in order to use defaults in the schema";
  return [invalid("spec.preserveUnknownFields", true, detail)];
}

function validatePreservedConversion(spec: CrdSpec): readonly FieldError[] {
  const strategy = spec.conversion?.strategy;
  if (spec.preserveUnknownFields !== true || !strategy || strategy === "None") return [];
  const detail = "must be None if spec.preserveUnknownFields is true";
  return [invalid("spec.conversion.strategy", strategy, detail)];
}

function validateVersion(
  version: CrdVersion,
  index: number,
  hoisted: HoistedSpec,
): readonly FieldError[] {
  const path = `spec.versions[${index}]`;
  const problems = dns1035LabelErrors(version.name);
  const hasStatus = isStatusEnabled(version.subresources ?? hoisted.subresources);
  return [
    ...(problems.length > 0 ? [invalid(`${path}.name`, version.name, problems.join(","))] : []),
    ...validateDeprecation(version, path),
    ...validateVersionSchema(version.schema, `${path}.schema`, { hasStatus }),
    ...validateSubresources(version.subresources, `${path}.subresources`),
    ...validateColumns(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`),
    ...validateSelectableFields(
      version.selectableFields,
      version.schema ?? hoisted.validation,
      `${path}.selectableFields`,
    ),
  ];
}

function validateVersionSet({ versions }: HoistedSpec): readonly FieldError[] {
  const refuse = (detail: string): FieldError =>
    invalid("spec.versions", printVersions(versions), detail);
  const names = new Set(versions.map(({ name }) => name));
  return [
    ...(names.size < versions.length ? [refuse("must contain unique version names")] : []),
    ...(versions.filter(({ storage }) => storage).length === 1
      ? []
      : [refuse("must have exactly one version marked as storage version")]),
  ];
}

function validateShared(hoisted: HoistedSpec): readonly FieldError[] {
  const hasStatus =
    isStatusEnabled(hoisted.subresources) ||
    hoisted.versions.some(({ subresources }) => isStatusEnabled(subresources));
  return [
    ...validateVersionSchema(hoisted.validation, "spec.validation", { hasStatus }),
    ...validateSubresources(hoisted.subresources, "spec.subresources"),
    ...validateColumns(hoisted.additionalPrinterColumns, "spec.additionalPrinterColumns"),
    ...validateSelectableFields(
      hoisted.selectableFields,
      hoisted.validation,
      "spec.selectableFields",
    ),
  ];
}

function isStatusEnabled(subresources: CrdSubresources | undefined): boolean {
  return subresources?.status !== undefined;
}
