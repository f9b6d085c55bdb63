import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { MemberRights } from "./member-rights.ts";
import { systemNamespace } from "./system-namespace.ts";

/** Who the agent is in its own cluster, where it asks for tokens. */
export const agentAccount = { name: "cellplane-agent", namespace: "cellplane-agent" } as const;

const rbacGroup = "rbac.authorization.k8s.io";

/**
 * What the member's side applies where nobody else can: the control plane's account with its
 * rights, and the agent's one right, which is to ask for tokens of that account.
 */
export function accountObjects(name: string, rights: MemberRights): readonly KubernetesObject[] {
  const labels = { "app.kubernetes.io/managed-by": "cellplane" };
  const inSystem = { name, namespace: systemNamespace, labels };
  const subjects = [{ kind: "ServiceAccount", name, namespace: systemNamespace }];
  const tokens = { name: `${name}-tokens`, namespace: systemNamespace, labels };
  return [
    namespaceOf(systemNamespace),
    namespaceOf(agentAccount.namespace),
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: inSystem,
      automountServiceAccountToken: false,
    },
    ...rbac("ClusterRole", { name, labels }, { rules: rights.cluster, subjects }),
    ...(rights.namespace.length === 0
      ? []
      : rbac("Role", inSystem, { rules: rights.namespace, subjects })),
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...agentAccount, labels } },
    ...rbac("Role", tokens, {
      rules: [
        {
          apiGroups: [""],
          resources: ["serviceaccounts/token"],
          resourceNames: [name],
          verbs: ["create"],
        },
      ],
      subjects: [{ kind: "ServiceAccount", ...agentAccount }],
    }),
  ];
}

function namespaceOf(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

/** A role and its binding of the same name. */
function rbac(
  kind: "ClusterRole" | "Role",
  metadata: KubernetesObject["metadata"],
  of: { readonly rules: readonly JsonObject[]; readonly subjects: readonly JsonObject[] },
): readonly KubernetesObject[] {
  const apiVersion = `${rbacGroup}/v1`;
  const roleRef = { apiGroup: rbacGroup, kind, name: metadata.name ?? "" };
  return [
    { apiVersion, kind, metadata, rules: of.rules },
    { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects: of.subjects },
  ];
}
