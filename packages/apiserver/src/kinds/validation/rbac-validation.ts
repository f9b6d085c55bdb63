import {
  type FieldError,
  invalid,
  isJsonEqual,
  type JsonObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import { objectAt, objectsAt, stringAt, valuesAt } from "../plain/plain.ts";
import { checkLabelSelector } from "./checks.ts";
import { brokenSubdomain, pathSegmentName } from "./names.ts";

const rbacGroup = "rbac.authorization.k8s.io";

/** rbac Role: its rules are about resources of its namespace. */
export function validateRole(object: JsonObject): FieldError[] {
  return objectsAt(object, "rules").flatMap((rule, at) =>
    validateRule(`rules[${at}]`, rule, "namespace"),
  );
}

/** rbac ClusterRole: rules, or the selectors of those to aggregate. */
export function validateClusterRole(object: JsonObject): FieldError[] {
  const rules = objectsAt(object, "rules").flatMap((rule, at) =>
    validateRule(`rules[${at}]`, rule, "cluster"),
  );
  if (object["aggregationRule"] === undefined) return rules;
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = objectsAt(object, "aggregationRule", "clusterRoleSelectors");
  const none =
    selectors.length === 0
      ? [required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")]
      : [];
  return [
    ...rules,
    ...none,
    ...selectors.flatMap((selector, at) => checkLabelSelector(`${path}[${at}]`, selector)),
  ];
}

/** rbac RoleBinding. */
export function validateRoleBinding(object: JsonObject): FieldError[] {
  return validateBinding(object, ["Role", "ClusterRole"]);
}

/** rbac ClusterRoleBinding. */
export function validateClusterRoleBinding(object: JsonObject): FieldError[] {
  return validateBinding(object, ["ClusterRole"]);
}

/** What a binding binds stays: delete it and make another. */
export function validateBindingUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const ref = objectAt(object, "roleRef");
  if (isJsonEqual(ref, objectAt(old, "roleRef"))) return [];
  // The value is printed with the names of Go's internal type.
  const printed = {
    APIGroup: stringAt(ref, "apiGroup"),
    Kind: stringAt(ref, "kind"),
    Name: stringAt(ref, "name"),
  };
  return [invalid("roleRef", printed, "cannot change roleRef")];
}

function validateRule(
  path: string,
  rule: JsonObject,
  scope: "namespace" | "cluster",
): FieldError[] {
  const urls = valuesAt(rule, "nonResourceURLs");
  const groups = valuesAt(rule, "apiGroups");
  const resources = valuesAt(rule, "resources");
  const verbs =
    valuesAt(rule, "verbs").length === 0
      ? [required(`${path}.verbs`, "verbs must contain at least one value")]
      : [];
  if (urls.length > 0) {
    if (scope === "namespace") {
      const why = "namespaced rules cannot apply to non-resource URLs";
      return [...verbs, invalid(`${path}.nonResourceURLs`, urls, why)];
    }
    const mixed =
      groups.length > 0 || resources.length > 0 || valuesAt(rule, "resourceNames").length > 0;
    const why = "rules cannot apply to both regular resources and non-resource URLs";
    return [...verbs, ...(mixed ? [invalid(`${path}.nonResourceURLs`, urls, why)] : [])];
  }
  return [
    ...verbs,
    ...(groups.length === 0
      ? [required(`${path}.apiGroups`, "resource rules must supply at least one api group")]
      : []),
    ...(resources.length === 0
      ? [required(`${path}.resources`, "resource rules must supply at least one resource")]
      : []),
  ];
}

function validateBinding(object: JsonObject, kinds: readonly string[]): FieldError[] {
  const ref = objectAt(object, "roleRef");
  const group = stringAt(ref, "apiGroup");
  const kind = stringAt(ref, "kind");
  const name = stringAt(ref, "name");
  const broken = name === "" ? undefined : pathSegmentName(name, false);
  return [
    ...(group === rbacGroup ? [] : [notSupported("roleRef.apiGroup", group, [rbacGroup])]),
    ...(kinds.includes(kind) ? [] : [notSupported("roleRef.kind", kind, kinds)]),
    ...(name === "" ? [required("roleRef.name")] : []),
    ...(broken === undefined ? [] : [invalid("roleRef.name", name, broken)]),
    ...objectsAt(object, "subjects").flatMap((subject, at) =>
      validateSubject(`subjects[${at}]`, subject, kinds.includes("Role")),
    ),
  ];
}

function validateSubject(path: string, subject: JsonObject, inNamespace: boolean): FieldError[] {
  const kind = stringAt(subject, "kind");
  const group = stringAt(subject, "apiGroup");
  const name = stringAt(subject, "name");
  const named = name === "" ? [required(`${path}.name`)] : [];
  switch (kind) {
    case "ServiceAccount": {
      const broken = name === "" ? undefined : brokenSubdomain(name);
      const noNamespace = !inNamespace && stringAt(subject, "namespace") === "";
      return [
        ...named,
        ...(broken === undefined ? [] : [invalid(`${path}.name`, name, broken)]),
        ...(group === "" ? [] : [notSupported(`${path}.apiGroup`, group, [""])]),
        ...(noNamespace ? [required(`${path}.namespace`)] : []),
      ];
    }
    case "User":
    case "Group":
      return [
        ...named,
        ...(group === rbacGroup ? [] : [notSupported(`${path}.apiGroup`, group, [rbacGroup])]),
      ];
    default:
      return [...named, notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"])];
  }
}
