import { forbiddenField, type FieldError, type KubernetesObject } from "@cellplane/apimachinery";
import { annotations, labels } from "../api/names.ts";

/** What stands in the way of deleting something. */
export interface StandingWork {
  /** Objects, or ledger entries and tombstones, in words such as `FederatedDeployment bank/web`. */
  readonly standing: readonly string[];
}

/** Refuses the deletion of what is labelled `cellplane.io/protected: "true"`. */
export function checkProtected({ metadata }: KubernetesObject): readonly FieldError[] {
  if (metadata.labels?.[labels.protected] !== "true") return [];
  const field = `metadata.labels[${labels.protected}]`;
  return [forbiddenField(field, "the object is protected; take the label away before deleting it")];
}

/** Refuses to delete a Namespace that holds federated objects, unless its annotation says so. */
export function checkNamespaceDeletion(
  namespace: KubernetesObject,
  { standing, protectedObjects }: StandingWork & { readonly protectedObjects: readonly string[] },
): readonly FieldError[] {
  const own = checkProtected(namespace);
  if (own.length > 0) return own;
  if (protectedObjects.length > 0) {
    const detail = `holds protected objects: ${listed(protectedObjects)}`;
    return [forbiddenField("metadata.namespace", detail)];
  }
  const consent = namespace.metadata.annotations?.[annotations.deleteContents] === "true";
  if (standing.length === 0 || consent) return [];
  const detail = `holds ${listed(standing)}; annotate it with ${annotations.deleteContents}: "true" to delete them everywhere`;
  return [forbiddenField("metadata.namespace", detail)];
}

/** Refuses to delete a Cell or a KubeFedCluster while something of ours stands there. */
export function checkMemberDeletion(
  object: KubernetesObject,
  { standing }: StandingWork,
): readonly FieldError[] {
  const own = checkProtected(object);
  if (own.length > 0) return own;
  if (standing.length === 0) return [];
  const detail = `still has ${listed(standing)}; take it out of their placement, or abandon it, first`;
  return [forbiddenField("metadata.name", detail)];
}

/** `a, b, c and 7 more`. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
