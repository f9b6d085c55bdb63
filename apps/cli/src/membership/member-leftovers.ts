import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { annotations } from "@cellplane/federation";
import { agentAccount } from "./account-manifest.ts";
import { removeQuietly } from "./member-account.ts";
import { namespaces, systemNamespace } from "./system-namespace.ts";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespace: systemNamespace };
const deployments: ResourcePath = {
  group: "apps",
  version: "v1",
  resource: "deployments",
  namespace: agentAccount.namespace,
};

/** Whether a cluster's credential comes from its agents: nobody here has a kubeconfig of it. */
export function isByAgent({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.[annotations.agentCredential] === "true";
}

/** Whether a cluster is reached through agents. */
export function isTunnelled({ spec }: KubernetesObject): boolean {
  return (spec as { readonly connection?: string } | undefined)?.connection === "Tunnel";
}

/** Removes the cluster's own agent from the member, and its right to ask for tokens of the account. */
export async function removeAgent(
  member: RestClient,
  { cluster, account }: { readonly cluster: string; readonly account: string },
): Promise<void> {
  for (const resource of ["rolebindings", "roles"]) {
    await removeQuietly(member, { ...rbac, resource }, `${account}-tokens`);
  }
  if (!(await runsFor(member, cluster))) return;
  await removeQuietly(member, namespaces, agentAccount.namespace);
}

/** What is left in a member that nobody cleaned up, and the commands that remove it there. */
export function describeLeftovers(cluster: KubernetesObject, account: string): string {
  const own = ["rolebinding", "role", "serviceaccount"].map((kind) => `${kind}/${account}`);
  const tokens = ["rolebinding", "role"].map((kind) => `${kind}/${account}-tokens`);
  const inSystem = isByAgent(cluster) ? [...own, ...tokens] : own;
  const commands = [
    `kubectl delete --ignore-not-found clusterrolebinding/${account} clusterrole/${account}`,
    `kubectl delete --ignore-not-found -n ${systemNamespace} ${inSystem.join(" ")}`,
    ...(isTunnelled(cluster)
      ? [`kubectl delete --ignore-not-found namespace/${agentAccount.namespace}`]
      : []),
  ];
  const what = isTunnelled(cluster)
    ? "the account, its rights, and the agent"
    : "the account and its rights";
  const lines = commands.map((command) => `  ${command}\n`).join("");
  return `What join made in the cluster is still there: ${what}. To remove it, run over there:\n${lines}`;
}

/** Another control plane may have an agent there, too: each says for which cluster. */
export async function runsFor(member: RestClient, cluster: string): Promise<boolean> {
  try {
    const found = await member.get(deployments, agentAccount.name);
    const text = JSON.stringify(found["spec"] ?? {});
    return text.includes(`"--cluster","${cluster}"`);
  } catch (error) {
    if (isStatus(error, "NotFound")) return false;
    throw error;
  }
}
