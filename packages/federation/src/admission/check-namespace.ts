import {
  type FieldError,
  forbiddenField,
  invalid,
  type KubernetesObject,
  required,
} from "@cellplane/apimachinery";
import { labels } from "../api/names.ts";
import { isSameTenant, tenantOf } from "../placement/tenant-scope.ts";
import { listed } from "./check-deletion.ts";
import type { Actor } from "./findings.ts";
import { checkDnsLabel } from "./names.ts";

/** What has to be looked up before a Namespace can be judged. */
export interface NamespaceContext {
  readonly actor: Actor;
  /** Another namespace with the same pair of labels, if there is one. */
  readonly samePair: string | undefined;
  /** Cells and federated objects in the namespace, in words. */
  readonly contents: readonly string[];
}

/** Judges the tenant labels of a Namespace; one without any is nobody's and plain. */
export function checkNamespace(
  {
    object,
    old,
  }: { readonly object: KubernetesObject; readonly old: KubernetesObject | undefined },
  { actor, samePair, contents }: NamespaceContext,
): readonly FieldError[] {
  const own = tenantOf(object.metadata.labels);
  const before = tenantOf(old?.metadata.labels);
  if (isSameTenant(own, before)) return [];
  const field = `metadata.labels[${labels.tenant}]`;
  if (actor === "user") {
    return [
      forbiddenField(field, "only platform administrators may set the tenant of a namespace"),
    ];
  }
  if (contents.length > 0) {
    const detail = `may not change while the namespace holds ${listed(contents)}`;
    return [forbiddenField(field, detail)];
  }
  if (own.tenant === "" && own.workspaceGroup === "") return [];
  const errors: FieldError[] = [...checkDnsLabel("metadata.name", object.metadata.name ?? "")];
  if (own.tenant === "") errors.push(required(field, "both tenant labels, or none"));
  if (own.workspaceGroup === "") {
    errors.push(
      required(`metadata.labels[${labels.workspaceGroup}]`, "both tenant labels, or none"),
    );
  }
  if (samePair !== undefined) {
    const detail = `the workspace group of this tenant is namespace ${JSON.stringify(samePair)} already`;
    errors.push(invalid(`metadata.labels[${labels.workspaceGroup}]`, own.workspaceGroup, detail));
  }
  return errors;
}
