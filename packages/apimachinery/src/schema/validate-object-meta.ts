import { stringifyJson } from "../codec/json.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../meta/json-value.ts";
import { parseGroupVersion } from "../meta/group-version.ts";
import { dns1123LabelErrors, labelValueErrors, qualifiedNameErrors } from "../meta/name-rules.ts";
import { type FieldError, invalid, tooLong } from "../status/field-error.ts";

/** How `validateObjectMeta` is told of the object's kind and place. */
export interface ObjectMetaRules {
  /** `metadata`, or where it lies. */
  readonly path: string;
  /** The error of a bad name; `prefix` is true for a `generateName`. */
  readonly validateName: (name: string, prefix: boolean) => string | undefined;
}

const maxAnnotationsBytes = 262_144;
const encoder = new TextEncoder();

/**
 * Checks names, labels, annotations, owner references and finalizers, in Kubernetes' order and
 * words. That a name is there, and a namespace where one belongs, is for the caller to check.
 */
export function validateObjectMeta(
  metadata: JsonObject,
  { path, validateName }: ObjectMetaRules,
): readonly FieldError[] {
  const { name, generateName, namespace, generation } = metadata;
  return [
    ...textErrors(`${path}.generateName`, generateName, (text) => listOf(validateName(text, true))),
    ...textErrors(`${path}.name`, name, (text) => listOf(validateName(text, false))),
    ...textErrors(`${path}.namespace`, namespace, dns1123LabelErrors),
    ...(typeof generation === "number" && generation < 0
      ? [invalid(`${path}.generation`, generation, "must be greater than or equal to 0")]
      : []),
    ...validateLabels(metadata["labels"], `${path}.labels`),
    ...validateAnnotations(metadata["annotations"], `${path}.annotations`),
    ...validateOwnerReferences(metadata["ownerReferences"], `${path}.ownerReferences`),
    ...validateFinalizers(metadata["finalizers"], `${path}.finalizers`),
  ];
}

/** Checks the keys and values of labels. */
export function validateLabels(labels: JsonValue | undefined, path: string): readonly FieldError[] {
  if (!isJsonObject(labels)) return [];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameErrors(key).map((detail) => invalid(path, key, detail)),
    ...textErrors(path, value, labelValueErrors),
  ]);
}

/** Checks the keys of annotations, and the size of all together. */
export function validateAnnotations(
  annotations: JsonValue | undefined,
  path: string,
): readonly FieldError[] {
  if (!isJsonObject(annotations)) return [];
  const errors = Object.keys(annotations).flatMap((key) =>
    qualifiedNameErrors(key.toLowerCase()).map((detail) => invalid(path, key, detail)),
  );
  return sizeBytes(annotations) > maxAnnotationsBytes
    ? [...errors, tooLong(path, maxAnnotationsBytes)]
    : errors;
}

/** Checks owner references: complete, allowed, and at most one controller. */
export function validateOwnerReferences(
  references: JsonValue | undefined,
  path: string,
): readonly FieldError[] {
  if (!isJsonArray(references)) return [];
  const owners = references.filter(isJsonObject).map(ordered);
  const controllers = owners.filter((owner) => owner["controller"] === true);
  const errors = owners.flatMap((owner) => validateOwner(owner, path));
  if (controllers.length < 2) return errors;
  const [first, second] = controllers.map(({ kind, name }) => `${textOf(kind)}/${textOf(name)}`);
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...errors, invalid(path, owners, detail)];
}

/** Checks the form of finalizers, and that not both ways of deletion are asked for. */
export function validateFinalizers(
  finalizers: JsonValue | undefined,
  path: string,
): readonly FieldError[] {
  if (!isJsonArray(finalizers)) return [];
  const errors = finalizers.flatMap((each) => textErrors(path, each, qualifiedNameErrors));
  if (!finalizers.includes("orphan") || !finalizers.includes("foregroundDeletion")) return errors;
  const detail = "finalizer orphan and foregroundDeletion cannot be both set";
  return [...errors, invalid(path, finalizers, detail)];
}

function validateOwner(owner: JsonObject, path: string): readonly FieldError[] {
  const { apiVersion = "", kind = "", name = "", uid = "" } = owner;
  const version = typeof apiVersion === "string" ? parseGroupVersion(apiVersion) : undefined;
  const errors: FieldError[] = [];
  if (!version?.version) {
    errors.push(invalid(`${path}.apiVersion`, apiVersion, "version must not be empty"));
  }
  for (const [member, value] of Object.entries({ kind, name, uid })) {
    if (value === "") errors.push(invalid(`${path}.${member}`, value, "must not be empty"));
  }
  if (version && kind === "Event" && ["", "events.k8s.io"].includes(version.group)) {
    const of = `${version.group}/${version.version}, Kind=${kind}`;
    errors.push(invalid(path, owner, `${of} is disallowed from being an owner`));
  }
  return errors;
}

const ownerMembers = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];

// As Go prints the struct, and so the message.
function ordered(owner: JsonObject): JsonObject {
  const known = ownerMembers.filter((member) => owner[member] !== undefined);
  return Object.fromEntries(known.map((member) => [member, owner[member]]));
}

function textErrors(
  path: string,
  value: JsonValue | undefined,
  errorsOf: (text: string) => readonly string[],
): readonly FieldError[] {
  if (typeof value !== "string" || value === "") {
    return value === "" && path.endsWith("finalizers")
      ? errorsOf("").map((detail) => invalid(path, value, detail))
      : [];
  }
  return errorsOf(value).map((detail) => invalid(path, value, detail));
}

function sizeBytes(texts: JsonObject): number {
  const all = stringifyJson(texts);
  if (all.length * 3 <= maxAnnotationsBytes) return all.length;
  const pairs = Object.entries(texts).map(([key, value]) => key + textOf(value));
  return encoder.encode(pairs.join("")).length;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function listOf(error: string | undefined): readonly string[] {
  return error === undefined ? [] : [error];
}
