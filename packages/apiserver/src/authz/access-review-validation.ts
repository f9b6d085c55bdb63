import {
  type FieldError,
  formatValue,
  invalid,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ObjectMeta,
  StatusError,
  toCause,
} from "@cellplane/apimachinery";

/** The three reviews that answer one question. */
export type ReviewKind =
  | "SubjectAccessReview"
  | "SelfSubjectAccessReview"
  | "LocalSubjectAccessReview";

/** The part of a review that the client wrote. */
export interface ReviewInput {
  readonly metadata: ObjectMeta;
  readonly spec: JsonObject;
}

/** @throws {StatusError} 422, if the review is not well formed. */
export function checkReview(kind: ReviewKind, review: ReviewInput): void {
  const errors = [
    ...checkAttributes(review.spec),
    ...(kind === "SelfSubjectAccessReview" ? [] : checkSubject(review.spec)),
    ...checkMetadata(kind, review.metadata),
    ...(kind === "LocalSubjectAccessReview" ? checkLocal(review) : []),
  ];
  if (errors.length > 0) throw invalidReview(errors);
}

function checkAttributes(spec: JsonObject): readonly FieldError[] {
  const resource = isJsonObject(spec["resourceAttributes"]);
  const other = spec["nonResourceAttributes"];
  if (resource && isJsonObject(other)) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [invalid("spec.nonResourceAttributes", inGoNames(other), detail)];
  }
  if (resource || isJsonObject(other)) return [];
  const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalid("spec.resourceAttributes", null, detail)];
}

function checkSubject(spec: JsonObject): readonly FieldError[] {
  const { user = "", groups } = spec;
  if (user !== "" || (isJsonArray(groups) && groups.length > 0)) return [];
  return [invalid("spec.user", "", "at least one of user or group must be specified")];
}

function checkMetadata(kind: ReviewKind, metadata: ObjectMeta): readonly FieldError[] {
  const isLocal = kind === "LocalSubjectAccessReview";
  const { managedFields: _fields, namespace, ...rest } = metadata;
  const given = Object.entries(isLocal ? rest : { ...rest, namespace }).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  if (given.length === 0) return [];
  const message = `Invalid value: ${formatValue(JSON.parse(JSON.stringify(metadata)) as JsonValue)}: must be empty`;
  return [
    {
      reason: "FieldValueInvalid",
      field: "metadata",
      message: isLocal ? `${message} except for namespace` : message,
    },
  ];
}

function checkLocal({ metadata, spec }: ReviewInput): readonly FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  const errors: FieldError[] = [];
  if (isJsonObject(resource) && (resource["namespace"] ?? "") !== metadata.namespace) {
    const field = "spec.resourceAttributes.namespace";
    errors.push(invalid(field, resource["namespace"] ?? "", "must match metadata.namespace"));
  }
  if (isJsonObject(other)) {
    const detail = "disallowed on this kind of request";
    errors.push(invalid("spec.nonResourceAttributes", inGoNames(other), detail));
  }
  return errors;
}

/** Kubernetes prints its internal type, whose fields have no JSON names. */
function inGoNames(attributes: JsonObject): JsonObject {
  return { Path: attributes["path"] ?? "", Verb: attributes["verb"] ?? "" };
}

/** 422 of a review: without kind and name, as Kubernetes has it. */
function invalidReview(errors: readonly FieldError[]): StatusError {
  const group = "authorization.k8s.io";
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const joined = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return new StatusError("Invalid", `.${group} "" is invalid: ${joined}`, {
    details: { group, causes: errors.map(toCause) },
  });
}
