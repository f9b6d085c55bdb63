import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { AnnotationPolicy } from "../template/annotation-policy.ts";
import type { DependencyKind } from "./dependencies-of.ts";

// What makes each kind what it is. A ServiceAccount's `secrets` are tokens of this control plane.
const contents: Readonly<Record<DependencyKind, readonly string[]>> = {
  ConfigMap: ["data", "binaryData", "immutable"],
  Secret: ["type", "data", "immutable"],
  ServiceAccount: ["imagePullSecrets", "automountServiceAccountToken"],
  PersistentVolumeClaim: ["spec"],
};

/** Why an object cannot be carried along; `undefined` where it can. */
export function findUnfit(source: KubernetesObject): string | undefined {
  const isToken = source["type"] === "kubernetes.io/service-account-token";
  return isToken ? "a service account's token is of one cluster only" : undefined;
}

/** A native object of the control plane as the template of a federated one. */
export function dependencyTemplate(
  source: KubernetesObject,
  kind: DependencyKind,
  propagates: AnnotationPolicy,
): JsonObject {
  const { labels, annotations = {} } = source.metadata;
  const kept = Object.entries(annotations).filter(([key]) => propagates(key));
  const metadata: JsonObject = {
    ...(labels === undefined ? {} : { labels }),
    ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
  };
  const fields = contents[kind].flatMap((field) => {
    const value = source[field];
    return value === undefined ? [] : [[field, withoutBinding(value as JsonObject)] as const];
  });
  return {
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...Object.fromEntries(fields),
  };
}

// Which volume a claim is bound to is each member's own.
function withoutBinding<T>(value: T): T | JsonObject {
  if (!isJsonObject(value) || !("volumeName" in value)) return value;
  const { volumeName: _, ...rest } = value;
  return rest;
}
