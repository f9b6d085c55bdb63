import type { KubernetesObject, OwnerReference } from "@cellplane/apimachinery";

/** The reference of what belongs to a federated object: it goes with it, and holds it up in nothing. */
export function ownerReferenceTo(object: KubernetesObject): OwnerReference {
  const { name = "", uid = "" } = object.metadata;
  return { apiVersion: object.apiVersion ?? "", kind: object.kind ?? "", name, uid };
}
