import { isJsonObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { kubefed } from "@cellplane/federation";
import { waitFor } from "./wait-for.ts";

const { systemNamespace: namespace } = kubefed;
const core = (resource: string): ResourcePath => ({
  group: "",
  version: "v1",
  resource,
  namespace,
});
const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };

/** Makes the account that `kubefedctl join` makes in a member: one that may do everything. */
export async function ensureKubefedAccount(
  member: RestClient,
  account: string,
): Promise<{ readonly token: string; readonly caBundle: string }> {
  const role = `kubefed-controller-manager:${account}`;
  const metadata = { name: account, namespace };
  await member.create(
    { group: "", version: "v1", resource: "namespaces" },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  );
  await member.create(core("serviceaccounts"), {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata,
    automountServiceAccountToken: false,
  });
  const everything = [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["get"] },
  ];
  await member.create(
    { ...rbac, resource: "clusterroles" },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: role },
      rules: everything,
    },
  );
  await member.create(
    { ...rbac, resource: "clusterrolebindings" },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: role },
      roleRef: { apiGroup: rbac.group, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  );
  await member.create(core("secrets"), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...metadata, annotations: { "kubernetes.io/service-account.name": account } },
    type: "kubernetes.io/service-account-token",
  });
  return waitFor(`the token of ${account}`, async () => {
    const { data } = await member.get(core("secrets"), account);
    const { token, "ca.crt": caBundle } = isJsonObject(data) ? data : {};
    return typeof token === "string" && typeof caBundle === "string"
      ? { token, caBundle }
      : undefined;
  });
}
