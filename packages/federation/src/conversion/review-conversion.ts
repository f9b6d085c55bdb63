import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  parseGroupVersion,
} from "@cellplane/apimachinery";
import { clusterViewVersion, topologyViewVersion } from "../api/names.ts";
import { convertFederatedObject, type FederatedView } from "./convert-federated-object.ts";

const reviewVersion = "apiextensions.k8s.io/v1";

/** What a ConversionReview is answered with. */
export type ReviewOutcome =
  /** The review with its `response`, which may be a failure. */
  | { readonly kind: "answered"; readonly review: JsonObject }
  /** It is no review, so that there is nothing to answer to. */
  | { readonly kind: "malformed"; readonly message: string };

/**
 * Answers a ConversionReview v1: all objects in the asked view, in their order, or a failure that
 * says what is wrong with which of them. Nothing of an object changes but its view: the conversion
 * itself leaves metadata as it is, but for the annotations that carry what the other view says.
 */
export function reviewConversion(review: JsonValue): ReviewOutcome {
  if (!isJsonObject(review) || review["kind"] !== "ConversionReview") {
    return malformed("the body must be a ConversionReview");
  }
  if (review["apiVersion"] !== reviewVersion) {
    const got = JSON.stringify(review["apiVersion"] ?? "");
    return malformed(`apiVersion must be "${reviewVersion}": it is ${got}`);
  }
  const { request } = review;
  if (!isJsonObject(request) || typeof request["uid"] !== "string") {
    return malformed("request.uid must be set");
  }
  const { uid, desiredAPIVersion, objects } = request;
  const converted = convertAll(desiredAPIVersion, objects);
  const response: JsonObject =
    typeof converted === "string"
      ? { uid, result: { status: "Failed", message: converted } }
      : { uid, result: { status: "Success" }, convertedObjects: converted };
  return {
    kind: "answered",
    review: { apiVersion: reviewVersion, kind: "ConversionReview", response },
  };
}

/** The objects, or why they cannot be converted. */
function convertAll(
  desired: JsonValue | undefined,
  objects: JsonValue | undefined,
): readonly JsonObject[] | string {
  const to = typeof desired === "string" ? readFederatedVersion(desired) : undefined;
  if (!to) {
    return `Cannot convert to ${JSON.stringify(desired ?? "")}: the versions are ${clusterViewVersion} and ${topologyViewVersion}`;
  }
  if (!isJsonArray(objects)) return "request.objects must be a list";
  const converted: JsonObject[] = [];
  for (const [index, object] of objects.entries()) {
    const problem = problemOf(object, to.group);
    if (problem !== undefined) return `Cannot convert request.objects[${index}]: ${problem}`;
    converted.push(convert(object as KubernetesObject, to.view));
  }
  return converted;
}

function convert(object: KubernetesObject, view: FederatedView): JsonObject {
  // Parts of objects, as server-side apply has them, need not have metadata.
  if (object.metadata !== undefined) return jsonOf(convertFederatedObject(object, view));
  const { metadata: _, ...rest } = jsonOf(
    convertFederatedObject({ ...object, metadata: {} }, view),
  );
  return rest;
}

function problemOf(object: JsonValue, group: string): string | undefined {
  if (!isJsonObject(object)) return "it must be an object";
  const { apiVersion, kind, metadata } = object;
  const from = typeof apiVersion === "string" ? readFederatedVersion(apiVersion) : undefined;
  if (!from) {
    return `apiVersion ${JSON.stringify(apiVersion ?? "")} is of no federated kind; its versions are ${clusterViewVersion} and ${topologyViewVersion}`;
  }
  if (from.group !== group) {
    return `apiVersion ${JSON.stringify(apiVersion)} is of another group than "${group}"`;
  }
  if (typeof kind !== "string" || !kind.startsWith("Federated")) {
    return `kind ${JSON.stringify(kind ?? "")} is not federated`;
  }
  if (metadata !== undefined && !isJsonObject(metadata)) return "metadata must be an object";
  return undefined;
}

function readFederatedVersion(
  apiVersion: string,
): { readonly group: string; readonly view: FederatedView } | undefined {
  const parsed = parseGroupVersion(apiVersion);
  if (!parsed || parsed.group === "") return undefined;
  const { group, version } = parsed;
  if (version === clusterViewVersion || version === topologyViewVersion) {
    return { group, view: version };
  }
  return undefined;
}

function jsonOf(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}

function malformed(message: string): ReviewOutcome {
  return { kind: "malformed", message };
}
