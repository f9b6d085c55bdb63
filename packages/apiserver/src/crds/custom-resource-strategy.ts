import {
  dns1123SubdomainErrors,
  type FieldError,
  invalid,
  isJsonEqual,
  type JsonValue,
  type KubernetesObject,
  type SchemaNode,
  validateValue,
  validateValueUpdate,
} from "@cellplane/apimachinery";
import type { ResourceStrategy, ResourceVersion, StrategyContext } from "../registry/resource.ts";
import { validateScale } from "./scale-rules.ts";

/** What a strategy needs of its CRD. */
export interface CustomResourceRules {
  readonly kind: string;
  readonly versions: readonly ResourceVersion[];
}

/** The strategy of every custom resource: its schema decides, and status is kept apart. */
export function createCustomResourceStrategy(rules: CustomResourceRules): ResourceStrategy {
  const versions = new Map(rules.versions.map((version) => [version.version, version]));
  const hasStatus = ({ version }: StrategyContext): boolean =>
    versions.get(version)?.hasStatus === true;
  return {
    tracksGeneration: true,
    allowsUnconditionalUpdate: false,
    allowsCreateOnUpdate: false,
    validateName: checkName,
    prepareForCreate: (object, context) =>
      hasStatus(context) && context.createsStatus !== true ? dropStatus(object) : object,
    prepareForUpdate: (object, old, context) => {
      if (!hasStatus(context)) return object;
      return context.subresource === "status"
        ? keepAllButStatus(object, old)
        : keepStatus(object, old);
    },
    validate: (object, context) =>
      validateObject(object, { ...context, rules, version: versions.get(context.version) }),
    validateUpdate: (object, old, context) =>
      validateChange(object, old, { ...context, rules, version: versions.get(context.version) }),
  };
}

interface ValidationContext {
  readonly rules: CustomResourceRules;
  readonly version: ResourceVersion | undefined;
  readonly subresource: string;
}

function checkName(name: string, prefix: boolean): string | undefined {
  // A generated name goes on after the dash that a prefix may end with.
  return dns1123SubdomainErrors(prefix ? name.replace(/-$/, "a") : name)[0];
}

function validateObject(
  object: KubernetesObject,
  { rules, version }: ValidationContext,
): readonly FieldError[] {
  if (!version) return [];
  return [
    ...(object.kind === rules.kind
      ? []
      : [invalid("kind", object.kind ?? "", `must be ${rules.kind}`)]),
    ...validateValue(version.schema, asJson(object), ""),
    ...(version.scale ? validateScale(object, version.scale) : []),
  ];
}

function validateChange(
  object: KubernetesObject,
  old: KubernetesObject,
  { rules, version, subresource }: ValidationContext,
): readonly FieldError[] {
  if (!version) return [];
  const isStatus = subresource === "status";
  const errors = isStatus
    ? validateStatusChange(object, old, version.schema)
    : validateValueUpdate(version.schema, asJson(object), asJson(old), "");
  return [
    ...(object.kind === rules.kind
      ? []
      : [invalid("kind", object.kind ?? "", `must be ${rules.kind}`)]),
    ...errors,
    ...(version.scale ? validateScale(object, version.scale) : []),
  ];
}

/** Looks at the status alone; the messages name places in it, as Kubernetes' do. */
function validateStatusChange(
  object: KubernetesObject,
  old: KubernetesObject,
  schema: SchemaNode,
): readonly FieldError[] {
  const node = schema.properties.get("status");
  const { status } = object;
  if (!node || status === undefined || isJsonEqual(asJson(status), asJson(old["status"])))
    return [];
  const errors = validateValueUpdate(node, asJson(status), asJson(old["status"] ?? null), "");
  return errors.map((error) => ({ ...error, field: inStatus(error.field) }));
}

function inStatus(field: string): string {
  if (field.startsWith("<")) return field;
  if (field === "") return "status";
  return field.startsWith("[") ? `status${field}` : `status.${field}`;
}

function dropStatus(object: KubernetesObject): KubernetesObject {
  if (object["status"] === undefined) return object;
  const { status: _dropped, ...rest } = object;
  return rest;
}

function keepStatus(object: KubernetesObject, old: KubernetesObject): KubernetesObject {
  if (old["status"] === undefined) return dropStatus(object);
  return { ...object, status: old["status"] };
}

function keepAllButStatus(object: KubernetesObject, old: KubernetesObject): KubernetesObject {
  const { managedFields } = object.metadata;
  const { managedFields: _replaced, ...metadata } = old.metadata;
  const kept: KubernetesObject = {
    ...dropStatus(old),
    metadata: { ...metadata, ...(managedFields ? { managedFields } : {}) },
  };
  return object["status"] === undefined ? kept : { ...kept, status: object["status"] };
}

function asJson(value: unknown): JsonValue {
  return value as JsonValue;
}
