import {
  isJsonObject,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath, type RestClient } from "@cellplane/client";
import { CliError } from "../program/cli-error.ts";
import type { MemberRights } from "./member-rights.ts";
import { namespaces, systemNamespace, systemSecrets } from "./system-namespace.ts";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
const clusterRoles: ResourcePath = { ...rbac, resource: "clusterroles" };
const clusterRoleBindings: ResourcePath = { ...rbac, resource: "clusterrolebindings" };
const roles: ResourcePath = { ...rbac, resource: "roles", namespace: systemNamespace };
const roleBindings: ResourcePath = { ...roles, resource: "rolebindings" };
const serviceAccounts: ResourcePath = {
  group: "",
  version: "v1",
  resource: "serviceaccounts",
  namespace: systemNamespace,
};
const accountAnnotation = "kubernetes.io/service-account.name";
const managedBy = { "app.kubernetes.io/managed-by": "cellplane" };
const managedBySelector = "app.kubernetes.io/managed-by=cellplane";
const tokenWaitMs = 30_000;
const tokenPollMs = 250;

/** The names of what `join` makes in a member: unlike those of any other control plane. */
export function accountName(controlPlaneId: string, cluster: string): string {
  return `cellplane-${controlPlaneId.slice(0, 8)}-${cluster}`;
}

/** Notes how to undo what was done, newest first. */
export type Undo = (() => Promise<void>)[];

/**
 * Makes (or brings up to date) the account, its rights and its token in the member.
 *
 * @returns The token and the CA of the token Secret (PEM), if it has one.
 */
export async function ensureMemberAccount(
  member: RestClient,
  name: string,
  rights: MemberRights,
  undo: Undo,
): Promise<{ readonly token: string; readonly caBundle: string | undefined }> {
  const metadata = { name, labels: managedBy };
  const subjects = [{ kind: "ServiceAccount", name, namespace: systemNamespace }];
  const roleRef = { apiGroup: rbac.group, kind: "ClusterRole", name };
  await ensure(member, namespaces, "Namespace", { metadata: { name: systemNamespace } }, []);
  const account = { metadata, automountServiceAccountToken: false };
  await ensure(member, serviceAccounts, "ServiceAccount", account, undo);
  const clusterRole = { metadata, rules: rights.cluster };
  await ensure(member, clusterRoles, "ClusterRole", clusterRole, undo);
  const binding = { metadata, roleRef, subjects };
  await ensure(member, clusterRoleBindings, "ClusterRoleBinding", binding, undo);
  if (rights.namespace.length > 0) {
    await ensure(member, roles, "Role", { metadata, rules: rights.namespace }, undo);
    const inNamespace = { ...binding, roleRef: { ...roleRef, kind: "Role" } };
    await ensure(member, roleBindings, "RoleBinding", inNamespace, undo);
  }
  await ensure(member, systemSecrets, "Secret", tokenSecret({ account: name, name }), undo);
  return waitForToken(member, name);
}

/** Makes a further token for an account: it lives as long as the Secret `name`. */
export async function createAccountToken(
  member: RestClient,
  of: { readonly account: string; readonly name: string },
): Promise<string> {
  await member.create(systemSecrets, { apiVersion: "v1", kind: "Secret", ...tokenSecret(of) });
  return (await waitForToken(member, of.name)).token;
}

/** The names of the Secrets that hold an account's tokens; deleting one revokes its token. */
export async function listAccountTokens(
  member: RestClient,
  account: string,
): Promise<readonly string[]> {
  const { items } = await member.list(systemSecrets, { labelSelector: managedBySelector });
  return items
    .filter(({ metadata }) => metadata.annotations?.[accountAnnotation] === account)
    .map(({ metadata }) => metadata.name ?? "");
}

function tokenSecret({
  account,
  name,
}: {
  readonly account: string;
  readonly name: string;
}): JsonObject & Pick<KubernetesObject, "metadata"> {
  return {
    metadata: { name, labels: managedBy, annotations: { [accountAnnotation]: account } },
    type: "kubernetes.io/service-account-token",
  };
}

/** Removes what `ensureMemberAccount` made. What is gone already is no error. */
export async function removeMemberAccount(member: RestClient, name: string): Promise<void> {
  for (const token of await listAccountTokens(member, name)) {
    await removeQuietly(member, systemSecrets, token);
  }
  const paths = [roleBindings, roles, clusterRoleBindings, clusterRoles, serviceAccounts];
  for (const path of paths) await removeQuietly(member, path, name);
}

/** Deletes an object that may be gone already. */
export async function removeQuietly(
  client: RestClient,
  path: ResourcePath,
  name: string,
): Promise<void> {
  try {
    await client.delete(path, name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

/** Creates an object, or sets the given fields of the one that is there. */
async function ensure(
  client: RestClient,
  path: ResourcePath,
  kind: string,
  fields: JsonObject & Pick<KubernetesObject, "metadata">,
  undo: Undo,
): Promise<void> {
  const apiVersion = path.group === "" ? path.version : `${path.group}/${path.version}`;
  const name = fields.metadata.name ?? "";
  try {
    await client.create(path, { apiVersion, kind, ...fields });
    undo.unshift(() => removeQuietly(client, path, name));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    await client.patch(path, name, { type: "merge", body: fields });
  }
}

async function waitForToken(
  member: RestClient,
  name: string,
): Promise<{ readonly token: string; readonly caBundle: string | undefined }> {
  const signal = AbortSignal.timeout(tokenWaitMs);
  while (!signal.aborted) {
    const secret = await member.get(systemSecrets, name);
    const data = isJsonObject(secret["data"]) ? secret["data"] : {};
    const token = decodeField(data, "token");
    if (token !== undefined) return { token, caBundle: decodeField(data, "ca.crt") };
    await abortableDelay(tokenPollMs, signal);
  }
  throw new CliError(
    `Cannot get a token as the member's token controller put no token into the Secret "${systemNamespace}/${name}" within ${tokenWaitMs / 1000} s; is its controller manager running?`,
  );
}

function decodeField(data: JsonObject, field: string): string | undefined {
  const value = data[field];
  return typeof value === "string" && value !== ""
    ? Buffer.from(value, "base64").toString("utf8")
    : undefined;
}
