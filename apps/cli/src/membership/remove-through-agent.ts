import { isStatus } from "@cellplane/apimachinery";
import { createRestClient, type ResourcePath, type RestClient } from "@cellplane/client";
import { agentAccount } from "./account-manifest.ts";
import { listAccountTokens } from "./member-account.ts";
import { proxyPathOf } from "./member-kubeconfig.ts";
import { runsFor } from "./member-leftovers.ts";
import { namespaces, systemNamespace, systemSecrets } from "./system-namespace.ts";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
const clusterRoles: ResourcePath = { ...rbac, resource: "clusterroles" };

/** A client of a member, as the caller and through the control plane. */
export function connectThrough(controlPlane: RestClient, cluster: string): RestClient {
  const prefix = proxyPathOf(cluster);
  return createRestClient(
    {
      server: `${controlPlane.server}${prefix}`,
      request: async ({ path, ...request }, signal) => {
        const answer = await controlPlane.raw({ ...request, path: `${prefix}${path}` }, signal);
        return { ...answer, body: once(answer.body) };
      },
      [Symbol.asyncDispose]: async () => undefined,
    },
    { userAgent: "cellplane" },
  );
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

/**
 * Has all that `join` made in a member belong to the account's ClusterRole, so that the member
 * removes it by itself once that is gone: whoever comes through the agent, by that very account,
 * has no second request.
 *
 * @throws {StatusError} The caller may not, or the member is not reached.
 */
export async function tieToRole(
  member: RestClient,
  { cluster, account }: { readonly cluster: string; readonly account: string },
): Promise<void> {
  const role = await member.get(clusterRoles, account);
  const owner = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    name: account,
    uid: role.metadata.uid ?? "",
  };
  const body = { metadata: { ownerReferences: [owner] } };
  for (const [path, name] of await madeThere(member, { cluster, account })) {
    try {
      await member.patch(path, name, { type: "merge", body });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

/** Removes the ClusterRole, and with it what was tied to it. */
export async function removeRole(member: RestClient, account: string): Promise<void> {
  await member.delete(clusterRoles, account, { propagationPolicy: "Background" });
}

async function madeThere(
  member: RestClient,
  { cluster, account }: { readonly cluster: string; readonly account: string },
): Promise<readonly (readonly [ResourcePath, string])[]> {
  const within = { ...rbac, namespace: systemNamespace };
  const core = { group: "", version: "v1", namespace: systemNamespace };
  const tokens = await listAccountTokens(member, account);
  return [
    [{ ...rbac, resource: "clusterrolebindings" }, account],
    [{ ...core, resource: "serviceaccounts" }, account],
    ...["roles", "rolebindings"].flatMap((resource) =>
      [account, `${account}-tokens`].map((name) => [{ ...within, resource }, name] as const),
    ),
    ...tokens.map((name) => [systemSecrets, name] as const),
    ...((await runsFor(member, cluster)) ? [[namespaces, agentAccount.namespace] as const] : []),
  ];
}
