import {
  type FieldError,
  forbiddenField,
  invalid,
  type JsonValue,
  type ObjectMeta,
  type OwnerReference,
  required,
  tooLong,
} from "@cellplane/apimachinery";
import { checkLabelValue, checkQualifiedName } from "./qualified-name.ts";
import type { ResourceDefinition } from "./resource.ts";

const maxAnnotationBytes = 262_144;
const standardFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** The rules of `metadata` of a new object. */
export function validateMetadata(
  meta: ObjectMeta,
  definition: ResourceDefinition,
): readonly FieldError[] {
  return [
    ...validateNames(meta, definition),
    ...validateLabels(meta.labels ?? {}),
    ...validateAnnotations(meta.annotations ?? {}),
    ...validateOwnerReferences(meta.ownerReferences ?? []),
    ...validateFinalizers(meta.finalizers ?? [], definition),
  ];
}

/** The rules of `metadata` of a changed object. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  return [
    ...(old.deletionTimestamp === undefined ? [] : validateNoNewFinalizers(meta, old)),
    ...immutable("name", meta.name, old.name),
    ...immutable("namespace", meta.namespace, old.namespace),
    ...immutable("uid", meta.uid, old.uid),
    ...immutable("creationTimestamp", meta.creationTimestamp, old.creationTimestamp),
    ...immutable("deletionTimestamp", meta.deletionTimestamp, old.deletionTimestamp),
    ...immutable(
      "deletionGracePeriodSeconds",
      meta.deletionGracePeriodSeconds,
      old.deletionGracePeriodSeconds,
    ),
    ...validateLabels(meta.labels ?? {}),
    ...validateAnnotations(meta.annotations ?? {}),
    ...validateOwnerReferences(meta.ownerReferences ?? []),
  ];
}

function validateNames(meta: ObjectMeta, definition: ResourceDefinition): readonly FieldError[] {
  const { validateName } = definition.strategy;
  const errors: FieldError[] = [];
  const { generateName = "", name = "" } = meta;
  if (generateName !== "") {
    const wrong = validateName(generateName, true);
    if (wrong !== undefined) errors.push(invalid("metadata.generateName", generateName, wrong));
  }
  if (name === "") {
    errors.push(required("metadata.name", "name or generateName is required"));
  } else {
    const wrong = validateName(name, false);
    if (wrong !== undefined) errors.push(invalid("metadata.name", name, wrong));
  }
  if (!definition.namespaced && (meta.namespace ?? "") !== "") {
    errors.push(forbiddenField("metadata.namespace", "not allowed on this type"));
  }
  return errors;
}

function validateLabels(labels: Readonly<Record<string, string>>): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    for (const why of checkQualifiedName(key)) errors.push(invalid("metadata.labels", key, why));
    for (const why of checkLabelValue(value)) errors.push(invalid("metadata.labels", value, why));
  }
  return errors;
}

function validateAnnotations(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    // Upper case is allowed in the prefix of an annotation.
    for (const why of checkQualifiedName(key.toLowerCase())) {
      errors.push(invalid("metadata.annotations", key, why));
    }
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong("metadata.annotations", maxAnnotationBytes));
  return errors;
}

function validateOwnerReferences(owners: readonly OwnerReference[]): readonly FieldError[] {
  const errors = owners.flatMap(validateOwnerReference);
  const controllers = owners.filter((owner) => owner.controller === true);
  const [first, second] = controllers;
  if (first && second) {
    const why =
      'Only one reference can have Controller set to true. Found "true" in references for ' +
      `${first.kind}/${first.name} and ${second.kind}/${second.name}`;
    errors.push(invalid("metadata.ownerReferences", toJson(owners), why));
  }
  return errors;
}

function validateOwnerReference(owner: OwnerReference): FieldError[] {
  const field = "metadata.ownerReferences";
  const errors: FieldError[] = [];
  const [version = "", group = ""] = (owner.apiVersion ?? "").split("/").reverse();
  if (version === "") {
    errors.push(
      invalid(`${field}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"),
    );
  }
  for (const key of ["kind", "name", "uid"] as const) {
    if ((owner[key] ?? "") === "") errors.push(invalid(`${field}.${key}`, "", "must not be empty"));
  }
  if (group === "" && version === "v1" && owner.kind === "Event") {
    const why = "/v1, Kind=Event is disallowed from being an owner";
    errors.push(invalid(field, toJson(owner), why));
  }
  return errors;
}

function validateFinalizers(
  finalizers: readonly string[],
  definition: ResourceDefinition,
): readonly FieldError[] {
  const field = "metadata.finalizers";
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    for (const why of checkQualifiedName(finalizer)) errors.push(invalid(field, finalizer, why));
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const why = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalid(field, finalizers, why));
  }
  if (definition.origin === "crd") return errors;
  for (const [at, finalizer] of finalizers.entries()) {
    if (finalizer.includes("/") || standardFinalizers.has(finalizer)) continue;
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    errors.push(invalid(`${field}[${at}]`, finalizer, why));
  }
  return errors;
}

function validateNoNewFinalizers(meta: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  const known = new Set(old.finalizers ?? []);
  const added = (meta.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return [];
  const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const why =
    "no new finalizers can be added if the object is being deleted, " +
    `found new finalizers []string{${shown}}`;
  return [forbiddenField("metadata.finalizers", why)];
}

function immutable(
  field: string,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
): readonly FieldError[] {
  if (value === old || (value ?? "") === (old ?? "")) return [];
  return [invalid(`metadata.${field}`, value, "field is immutable")];
}

// Owner references are JSON as they came.
function toJson(value: unknown): JsonValue {
  return value as JsonValue;
}
