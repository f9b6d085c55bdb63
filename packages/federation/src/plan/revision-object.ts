import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  type KubernetesObject,
  parseJson,
} from "@cellplane/apimachinery";
import type { ClusterOverride, FederatedObject } from "../api/federated-object.ts";
import { groups, revisionSecretType } from "../api/names.ts";
import { canonicalJson, hashJson } from "../hash/canonical-json.ts";
import type { Revision } from "./revision.ts";

/** Label on revision objects: the federated object's uid, to find all of its revisions. */
export const revisionOwnerLabel = "federation.cellplane.io/owner-uid";

/** Name of a revision's object: `<target kind>-<name>-<number>`. */
export function revisionObjectName(
  owner: { readonly targetKind: string; readonly name: string },
  number: number,
): string {
  const full = `${owner.targetKind.toLowerCase()}-${owner.name}-${number}`;
  if (full.length <= 253) return full;
  return `${full.slice(0, 225)}-${hashJson([owner.name]).slice(0, 10)}-${number}`;
}

/**
 * A revision as it is stored: a FederatedRevision, a ClusterFederatedRevision of a cluster-scoped
 * object, or a Secret where the object is a FederatedSecret.
 */
export function revisionObject(
  object: FederatedObject,
  revision: Revision,
  targetKind: string,
): KubernetesObject {
  const { name = "", namespace, uid = "" } = object.metadata;
  const metadata = {
    name: revisionObjectName({ targetKind, name }, revision.number),
    ...(namespace === undefined ? {} : { namespace }),
    labels: { [revisionOwnerLabel]: uid },
    ownerReferences: [{ apiVersion: object.apiVersion ?? "", kind: object.kind ?? "", name, uid }],
  };
  const { number, hash, template, overrides } = revision;
  if (targetKind === "Secret") {
    const payload = canonicalJson({ revision: number, hash, template, overrides });
    const data = { revision: encodeBase64(payload) };
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      type: revisionSecretType,
      data,
      immutable: true,
    };
  }
  return {
    apiVersion: `${groups.cellplane}/v1alpha1`,
    kind: namespace === undefined ? "ClusterFederatedRevision" : "FederatedRevision",
    metadata,
    spec: {
      revision: number,
      hash,
      ...(template === undefined ? {} : { template }),
      ...(overrides === undefined ? {} : { overrides }),
    },
  };
}

/** The revision that an object of any of the three kinds keeps; `undefined` where it is none. */
export function readRevisionObject(object: KubernetesObject): Revision | undefined {
  const spec =
    object.kind === "Secret" || object["type"] === revisionSecretType
      ? secretPayload(object)
      : object["spec"];
  if (!isJsonObject(spec)) return undefined;
  const { revision, hash, template, overrides } = spec;
  if (typeof revision !== "number" || typeof hash !== "string") return undefined;
  return {
    number: revision,
    hash,
    template: isJsonObject(template) ? template : undefined,
    overrides: isJsonArray(overrides) ? (overrides as readonly ClusterOverride[]) : undefined,
  };
}

function secretPayload(object: KubernetesObject): JsonValue | undefined {
  const data = object["data"];
  const text = isJsonObject(data) ? data["revision"] : undefined;
  if (typeof text !== "string") return undefined;
  try {
    return parseJson(decodeBase64(text));
  } catch {
    return undefined;
  }
}

function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function decodeBase64(text: string): string {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
