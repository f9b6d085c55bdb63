import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { groups } from "@cellplane/federation";

const apiGroup = "rbac.authorization.k8s.io";
/** The account of the controller manager, and its role. */
export const controllerAccount = "cellplane-controller";

const ours = Object.values(groups);

/** The account of the controller manager with what it needs, and KubeFed's roles for people. */
export function renderRbac(systemNamespace: string): readonly KubernetesObject[] {
  const metadata = { name: controllerAccount };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { ...metadata, namespace: systemNamespace },
    },
    role(controllerAccount, controllerRules()),
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "ClusterRole", name: controllerAccount },
      subjects: [{ kind: "ServiceAccount", name: controllerAccount, namespace: systemNamespace }],
    },
    role("kubefed-admin", [rule(ours, ["*"], ["*"])], "admin"),
    role("kubefed-edit", [rule([groups.types, groups.scheduling], ["*"], ["*"])], "edit"),
    role("kubefed-view", [rule(ours, ["*"], ["get", "list", "watch"])], "view"),
  ];
}

function controllerRules(): readonly JsonObject[] {
  const read = ["get", "list", "watch"];
  const write = ["create", "update", "patch", "delete"];
  return [
    rule(ours, ["*"], ["*"]),
    rule([""], ["namespaces"], read),
    // Credentials of members, and revisions of FederatedSecrets, which lie beside them.
    rule([""], ["secrets"], [...read, ...write]),
    rule([""], ["configmaps", "endpoints"], ["get", "create", "update"]),
    rule(["", "events.k8s.io"], ["events"], ["create", "patch", "update"]),
    rule(
      ["apiextensions.k8s.io"],
      ["customresourcedefinitions"],
      [...read, "create", "update", "patch"],
    ),
    rule(
      ["admissionregistration.k8s.io"],
      ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
      ["get", "create", "patch"],
    ),
    rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
    rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
  ];
}

function role(name: string, rules: readonly JsonObject[], aggregateTo?: string): KubernetesObject {
  const labels = { [`${apiGroup}/aggregate-to-${aggregateTo ?? ""}`]: "true" };
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRole",
    metadata: { name, ...(aggregateTo === undefined ? {} : { labels }) },
    rules,
  };
}

function rule(
  apiGroups: readonly string[],
  resources: readonly string[],
  verbs: readonly string[],
): JsonObject {
  return { apiGroups, resources, verbs };
}
