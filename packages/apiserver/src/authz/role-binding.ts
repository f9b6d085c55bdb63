import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import type { UserInfo } from "../request/user.ts";

/** Whom a binding grants something. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
  /** Of a ServiceAccount. */
  readonly namespace: string;
}

/** A RoleBinding, or with an empty namespace a ClusterRoleBinding. */
export interface RoleBinding {
  readonly namespace: string;
  readonly name: string;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly Subject[];
}

/** Reads a binding as stored. */
export function readBinding(object: KubernetesObject): RoleBinding {
  const { namespace = "", name = "" } = object.metadata;
  const roleRef = isJsonObject(object["roleRef"]) ? object["roleRef"] : {};
  const subjects: readonly unknown[] = Array.isArray(object["subjects"]) ? object["subjects"] : [];
  return {
    namespace,
    name,
    roleRef: { kind: text(roleRef, "kind"), name: text(roleRef, "name") },
    subjects: subjects.filter(isJsonObject).map((subject) => ({
      kind: text(subject, "kind"),
      name: text(subject, "name"),
      // A ServiceAccount without a namespace is one of the binding's own.
      namespace: text(subject, "namespace") || namespace,
    })),
  };
}

/** What a subject is found by; a ServiceAccount by its user name. */
export function subjectKey(subject: Subject): string {
  if (subject.kind === "Group") return `group ${subject.name}`;
  if (subject.kind === "User") return `user ${subject.name}`;
  return `user system:serviceaccount:${subject.namespace}:${subject.name}`;
}

/** All keys under which a user's bindings are found. */
export function userKeys(user: UserInfo): ReadonlySet<string> {
  return new Set([`user ${user.username}`, ...user.groups.map((group) => `group ${group}`)]);
}

/** `RoleBinding "b/ns" of Role "r" to User "alice"`, as Kubernetes' reasons say it. */
export function describeGrant(binding: RoleBinding, subject: Subject): string {
  const { namespace, name, roleRef } = binding;
  const what =
    namespace === ""
      ? `ClusterRoleBinding ${quote(name)}`
      : `RoleBinding ${quote(`${name}/${namespace}`)}`;
  const whom =
    subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace}` : subject.name;
  return `${what} of ${roleRef.kind} ${quote(roleRef.name)} to ${subject.kind} ${quote(whom)}`;
}

/** `role.rbac.authorization.k8s.io "r" not found`, as Kubernetes' reasons say it. */
export function describeMissingRole(binding: RoleBinding): string {
  const { kind, name } = binding.roleRef;
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(name)} not found`;
}

function text(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

function quote(value: string): string {
  return JSON.stringify(value);
}
