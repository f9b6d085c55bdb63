import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import {
  bootstrapClusterBindings,
  bootstrapNamespacedBindings,
  bootstrapNamespacedRoles,
} from "./bootstrap-bindings.ts";
import { bootstrapControllerRoles } from "./bootstrap-controller-roles.ts";
import { bootstrapRoles } from "./bootstrap-roles.ts";

const group = "rbac.authorization.k8s.io";
const controllerPrefix = "system:controller:";

/** The roles and bindings that every server has, as objects by resource. */
export interface BootstrapPolicy {
  readonly clusterroles: readonly KubernetesObject[];
  readonly clusterrolebindings: readonly KubernetesObject[];
  readonly roles: readonly KubernetesObject[];
  readonly rolebindings: readonly KubernetesObject[];
}

/** Expands the tables. */
export function renderBootstrapPolicy(): BootstrapPolicy {
  const clusterroles = [bootstrapRoles, bootstrapControllerRoles].flatMap((table) =>
    parseRoles(table, "ClusterRole"),
  );
  const controllers = clusterroles
    .map(({ metadata }) => metadata.name ?? "")
    .filter((name) => name.startsWith(controllerPrefix))
    .map((name) => `${name} account:kube-system/${name.slice(controllerPrefix.length)}`);
  return {
    clusterroles,
    clusterrolebindings: [...linesOf(bootstrapClusterBindings), ...controllers].map((line) =>
      parseBinding(line, "ClusterRole"),
    ),
    roles: parseRoles(bootstrapNamespacedRoles, "Role"),
    rolebindings: linesOf(bootstrapNamespacedBindings).map((line) => parseBinding(line, "Role")),
  };
}

function parseRoles(table: string, kind: "Role" | "ClusterRole"): readonly KubernetesObject[] {
  const roles: { readonly header: string; readonly rules: JsonObject[] }[] = [];
  for (const line of linesOf(table.replaceAll("\n    ", ""))) {
    if (line.startsWith("role ")) roles.push({ header: line, rules: [] });
    else roles.at(-1)?.rules.push(parseRule(line.trim()));
  }
  return roles.map(({ header, rules }) => renderRole(header, rules, kind));
}

function renderRole(
  header: string,
  rules: readonly JsonObject[],
  kind: "Role" | "ClusterRole",
): KubernetesObject {
  const [, name = "", ...options] = header.split(" ");
  const option = (key: string): string | undefined =>
    options.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1);
  const partOf = option("part-of");
  const collects = option("collects");
  const selector = collects && { matchLabels: aggregationLabel(collects) };
  return {
    apiVersion: `${group}/v1`,
    kind,
    metadata: metadataOf(name, partOf === undefined ? {} : aggregationLabel(partOf)),
    // The rules of a collecting role are the aggregation controller's.
    rules: selector ? null : rules,
    ...(selector && { aggregationRule: { clusterRoleSelectors: [selector] } }),
  };
}

function aggregationLabel(role: string): Readonly<Record<string, string>> {
  return { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: "true" };
}

function parseRule(line: string): JsonObject {
  const [verbs = "", groups = "", resources = "", names] = line.split(" ");
  const expanded = verbs.split(",").flatMap((verb) => shorthands[verb] ?? [verb]);
  if (groups === "url") return { verbs: expanded.sort(), nonResourceURLs: resources.split(",") };
  return {
    verbs: expanded.sort(),
    apiGroups: groups.split(",").map((name) => (name === "core" ? "" : name)),
    resources: resources.split(","),
    ...(names !== undefined && { resourceNames: names.split(",") }),
  };
}

const shorthands: Readonly<Record<string, readonly string[]>> = {
  read: ["get", "list", "watch"],
  write: ["create", "delete", "deletecollection", "patch", "update"],
};

function parseBinding(line: string, kind: "Role" | "ClusterRole"): KubernetesObject {
  const [names = "", ...subjects] = line.split(" ");
  const [name = "", role = name.slice(name.indexOf("/") + 1)] = names.split("=");
  return {
    apiVersion: `${group}/v1`,
    kind: `${kind}Binding`,
    metadata: metadataOf(name, {}),
    ...(subjects.length > 0 && { subjects: subjects.map(parseSubject) }),
    roleRef: { apiGroup: group, kind, name: role },
  };
}

function parseSubject(text: string): JsonObject {
  const colon = text.indexOf(":");
  const kind = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (kind !== "account") {
    return { kind: kind === "group" ? "Group" : "User", apiGroup: group, name };
  }
  const [namespace = "", account = ""] = name.split("/");
  return { kind: "ServiceAccount", name: account, namespace };
}

function metadataOf(
  name: string,
  labels: Readonly<Record<string, string>>,
): KubernetesObject["metadata"] {
  const slash = name.indexOf("/");
  return {
    ...(slash !== -1 && { namespace: name.slice(0, slash) }),
    name: name.slice(slash + 1),
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  };
}

function linesOf(table: string): readonly string[] {
  return table.split("\n").filter((line) => line !== "");
}
