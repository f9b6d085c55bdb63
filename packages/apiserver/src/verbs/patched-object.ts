import {
  describeMetadataMismatch,
  describeTypeMismatch,
  findUnknownFields,
  formatGoValue,
  formatGroupVersion,
  type JsonObject,
  type KubernetesObject,
  StatusError,
  stringifyJson,
} from "@cellplane/apimachinery";
import { normalizeObject } from "../registry/normalize-object.ts";
import { checkName, checkPlace } from "./check-place.ts";
import type { ParsedPatch } from "./parse-patch.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import type { WriteOptions } from "./write-options.ts";

/** A patched document on its way to be an object again. */
export interface PatchedDocument {
  readonly document: JsonObject;
  readonly patch: ParsedPatch;
  readonly live: KubernetesObject;
  readonly options: WriteOptions;
}

/** Reads a patched document as an object of the request's kind. @throws {StatusError} 400, 422 */
export function decodePatched(
  deps: VerbDependencies,
  target: ResourceRequest,
  patched: PatchedDocument,
): KubernetesObject {
  const { document, live } = patched;
  const object = document as unknown as KubernetesObject;
  if (object === live) return live;
  const why = findMismatch(deps, target, document);
  if (why !== undefined) throw invalidPatch(stringifyJson(document), why);
  checkFields(target, patched);
  checkName(target, object);
  checkPlace(target, object);
  return normalizeObject(object, target.definition, target.version);
}

function findMismatch(
  deps: VerbDependencies,
  { definition, version }: ResourceRequest,
  document: JsonObject,
): string | undefined {
  const { kind, apiVersion, metadata } = document;
  const wanted = formatGroupVersion({ group: definition.group, version: version.version });
  if (apiVersion !== wanted || kind !== definition.kind) {
    return describeForeign(deps, document) ?? describeUnregistered(document);
  }
  if (definition.origin === "builtin") return describeTypeMismatch(version.schema, document);
  return metadata === undefined ? undefined : describeMetadataMismatch(metadata);
}

// A document that was patched into another kind is read as that one first.
function describeForeign(deps: VerbDependencies, document: JsonObject): string | undefined {
  for (const definition of deps.registry.list()) {
    if (definition.kind !== document["kind"]) continue;
    const version = definition.versions.find(
      (each) =>
        formatGroupVersion({ group: definition.group, version: each.version }) ===
        document["apiVersion"],
    );
    if (version) return describeTypeMismatch(version.schema, document);
  }
  return undefined;
}

function describeUnregistered({ kind, apiVersion }: JsonObject): string {
  const of = `no kind ${JSON.stringify(kind ?? "")} is registered for version ${JSON.stringify(apiVersion ?? "")}`;
  return `${of} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
}

function checkFields(target: ResourceRequest, patched: PatchedDocument): void {
  const { document, patch, options } = patched;
  if (options.fieldValidation === "Ignore") return;
  const unknown =
    patch.type === "strategic" ? [] : findUnknownFields(target.version.schema, document);
  const problems = [...patch.problems, ...unknown.map((path) => `unknown field "${path}"`)];
  if (problems.length === 0) return;
  if (options.fieldValidation === "Strict") {
    const shown = patch.type === "strategic" ? formatGoValue(patch.body) : stringifyJson(document);
    throw invalidPatch(shown, `strict decoding error: ${problems.join(", ")}`);
  }
  const { warnings } = target.request;
  warnings.push(...problems.filter((problem) => !warnings.includes(problem)));
}

// Kubernetes knows neither kind nor name here.
function invalidPatch(value: string, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(value)}: ${why}`;
  return new StatusError("Invalid", ` "" is invalid: patch: ${message}`, {
    details: { causes: [{ reason: "FieldValueInvalid", message, field: "patch" }] },
  });
}
