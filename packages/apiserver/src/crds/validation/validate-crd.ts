import { type FieldError, invalid, type KubernetesObject, required } from "@cellplane/apimachinery";
import {
  acceptedNamesOf,
  type CustomResourceDefinition,
  decodeCrd,
  isConditionTrue,
} from "../custom-resource-definition.ts";
import { validateNames } from "./validate-names.ts";
import { validateSpec } from "./validate-spec.ts";

const approvalAnnotation = "api-approved.kubernetes.io";
const approvalSource = "see https://github.com/kubernetes/enhancements/pull/1111";

/** The rules of a new CRD, beyond those of its metadata. */
export function validateCrd(object: KubernetesObject): readonly FieldError[] {
  const crd = decodeCrd(object);
  return [
    ...validateName(crd),
    ...validateSpec(crd.spec),
    ...validateStatus(crd),
    ...validateApproval(crd, undefined),
    ...validatePreserve(crd),
  ];
}

/** The rules of a changed CRD. */
export function validateCrdUpdate(
  object: KubernetesObject,
  oldObject: KubernetesObject,
): readonly FieldError[] {
  const crd = decodeCrd(object);
  const old = decodeCrd(oldObject);
  return [
    ...validateSpec(crd.spec),
    ...validateImmutable(crd, old),
    ...validateStatus(crd),
    ...validateApproval(crd, old),
    ...validatePreserve(crd),
  ];
}

/** The rules of a changed status. */
export function validateCrdStatusUpdate(object: KubernetesObject): readonly FieldError[] {
  return validateNames(acceptedNamesOf(decodeCrd(object)), "status.acceptedNames");
}

function validateName({ metadata, spec }: CustomResourceDefinition): readonly FieldError[] {
  const name = metadata.name ?? "";
  if (name === `${spec.names.plural}.${spec.group}`) return [];
  return [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')];
}

function validateImmutable(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition,
): readonly FieldError[] {
  const fields = [
    ...(isConditionTrue(old, "Established")
      ? ([
          ["spec.scope", crd.spec.scope, old.spec.scope],
          ["spec.names.kind", crd.spec.names.kind, old.spec.names.kind],
        ] as const)
      : []),
    ["spec.group", crd.spec.group, old.spec.group],
    ["spec.names.plural", crd.spec.names.plural, old.spec.names.plural],
  ] as const;
  return fields
    .filter(([, value, oldValue]) => value !== oldValue)
    .map(([field, value]) => invalid(field, value, "field is immutable"));
}

function validateStatus(crd: CustomResourceDefinition): readonly FieldError[] {
  return [
    ...validateNames(acceptedNamesOf(crd), "status.acceptedNames"),
    ...validateStoredVersions(crd),
  ];
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): readonly FieldError[] {
  const path = "status.storedVersions";
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [invalid(path, null, "must have at least one stored version")];
  // A version counts once: of two of the same name the second is missed.
  const left = new Set(stored);
  const missing = spec.versions.filter(({ name, storage }) => !left.delete(name) && storage);
  return [
    ...missing.map(({ name }) => invalid(path, stored, `must have the storage version ${name}`)),
    ...Array.from(left, (name) =>
      invalid(
        `${path}[${stored.lastIndexOf(name)}]`,
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must ` +
          "remain in spec.versions until a storage migration ensures no data remains " +
          `persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    ),
  ];
}

type Approval = "missing" | "invalid" | "bypassed" | "approved";

function validateApproval(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return [];
  const approval = approvalOf(crd);
  if (old && approvalOf(old) === approval) return [];
  const path = `metadata.annotations[${approvalAnnotation}]`;
  const quoted = JSON.stringify(approvalAnnotation);
  if (approval === "missing")
    return [
      required(path, `protected groups must have approval annotation ${quoted}, ${approvalSource}`),
    ];
  if (approval !== "invalid") return [];
  const value = crd.metadata.annotations?.[approvalAnnotation];
  const detail =
    `protected groups must have approval annotation ${quoted} with either a URL or a reason ` +
    `starting with "unapproved", ${approvalSource}`;
  return [invalid(path, value, detail)];
}

function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const value = metadata.annotations?.[approvalAnnotation] ?? "";
  if (value === "") return "missing";
  if (value.startsWith("unapproved")) return "bypassed";
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(value) ? "approved" : "invalid";
}

function validatePreserve({ spec }: CustomResourceDefinition): readonly FieldError[] {
  if (spec.preserveUnknownFields !== true) return [];
  const detail =
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in " +
    "spec.versions[*].schema instead";
  return [invalid("spec.preserveUnknownFields", true, detail)];
}
