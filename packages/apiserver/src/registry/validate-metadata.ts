import {
  type FieldError,
  forbiddenField,
  invalid,
  type JsonObject,
  type JsonValue,
  type ObjectMeta,
  required,
  validateAnnotations,
  validateLabels,
  validateObjectMeta,
  validateOwnerReferences,
} from "@cellplane/apimachinery";
import type { ResourceDefinition } from "./resource.ts";

const standardFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** The rules of `metadata` of a new object. */
export function validateMetadata(
  meta: ObjectMeta,
  definition: ResourceDefinition,
): readonly FieldError[] {
  const { validateName } = definition.strategy;
  const errors: FieldError[] = [];
  if ((meta.name ?? "") === "") {
    errors.push(required("metadata.name", "name or generateName is required"));
  }
  if (!definition.namespaced && (meta.namespace ?? "") !== "") {
    errors.push(forbiddenField("metadata.namespace", "not allowed on this type"));
  }
  errors.push(...validateObjectMeta(asJson(meta), { path: "metadata", validateName }));
  if (definition.origin === "builtin") errors.push(...validateKnownFinalizers(meta));
  return errors;
}

/** The rules of `metadata` of a changed object. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  const json = asJson(meta);
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
    ...validateLabels(json["labels"], "metadata.labels"),
    ...validateAnnotations(json["annotations"], "metadata.annotations"),
    ...validateOwnerReferences(json["ownerReferences"], "metadata.ownerReferences"),
  ];
}

// Built-in kinds allow no finalizers of their own making without a domain.
function validateKnownFinalizers(meta: ObjectMeta): readonly FieldError[] {
  const why = "name is neither a standard finalizer name nor is it fully qualified";
  return (meta.finalizers ?? []).flatMap((finalizer, at) =>
    finalizer.includes("/") || standardFinalizers.has(finalizer)
      ? []
      : [invalid(`metadata.finalizers[${at}]`, finalizer, why)],
  );
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
  if ((value ?? "") === (old ?? "")) return [];
  return [invalid(`metadata.${field}`, value, "field is immutable")];
}

function asJson(meta: ObjectMeta): JsonObject {
  return meta as unknown as JsonObject;
}
