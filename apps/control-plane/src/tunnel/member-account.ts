import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, parseJson } from "@cellplane/apimachinery";
import { ConnectionError, statusErrorOf } from "@cellplane/client";
import {
  type ConnectionSettings,
  connectRestClient,
  fileToken,
  loadKubeconfig,
} from "@cellplane/client/node";
import type { MemberToken } from "@cellplane/tunnel";
import { ServerError } from "../options/server-error.ts";

/** Where a pod finds what its service account is known by. */
const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A service account in the agent's own cluster. */
export interface MemberAccount {
  readonly namespace: string;
  readonly name: string;
}

/** Reads `NAMESPACE/NAME`, which `option` was given. @throws {ServerError} */
export function parseAccount(text: string, option: string): MemberAccount {
  const [namespace = "", name = "", ...more] = text.split("/");
  if (namespace !== "" && name !== "" && more.length === 0) return { namespace, name };
  throw new ServerError(
    `Cannot start as ${option} must be NAMESPACE/NAME: it is ${JSON.stringify(text)}`,
  );
}

/**
 * How the agent itself talks to its cluster: by a kubeconfig, or as the pod that it runs in.
 * @throws {ServerError} It is in no pod.
 */
export async function ownConnection(
  target: string,
  kubeconfig: string | undefined,
): Promise<ConnectionSettings> {
  if (kubeconfig !== undefined) return (await loadKubeconfig({ file: kubeconfig })).connection;
  const ca = join(podFolder, "ca.crt");
  if (!existsSync(ca)) {
    throw new ServerError(
      `Cannot ask the API server for anything as this is no pod with a service account (there is no ${ca}): give --member-kubeconfig`,
    );
  }
  return {
    server: `https://${target}`,
    caBundle: readFileSync(ca, "utf8"),
    token: fileToken(join(podFolder, "token")),
  };
}

/** Whether the API server takes a token, whatever it may do with it; yes where it does not answer. */
export async function takesToken(connection: ConnectionSettings, token: string): Promise<boolean> {
  const {
    clientCertificate: _cert,
    clientKey: _key,
    impersonateUser: _user,
    ...settings
  } = connection;
  await using client = connectRestClient(
    { ...settings, token: async () => token },
    { userAgent: "cellplane-agent" },
  );
  try {
    return (await client.raw({ method: "GET", path: "/version" })).status !== 401;
  } catch (error) {
    if (error instanceof ConnectionError) return true;
    throw error;
  }
}

/** Asks the API server for a token of an account that ends soon. @throws {StatusError} */
export async function requestToken(
  connection: ConnectionSettings,
  { namespace, name }: MemberAccount,
  lifeSeconds: number,
): Promise<MemberToken> {
  await using client = connectRestClient(connection, { userAgent: "cellplane-agent" });
  const response = await client.raw({
    method: "POST",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: lifeSeconds },
    }),
  });
  const text = new TextDecoder().decode(response.body);
  if (response.status !== 201) throw statusErrorOf(response.status, text);
  const answer = parseJson(text);
  const status = isJsonObject(answer) && isJsonObject(answer["status"]) ? answer["status"] : {};
  const { token, expirationTimestamp: endsAt } = status;
  if (typeof token !== "string" || typeof endsAt !== "string") {
    throw new Error("the API server gave no token");
  }
  const { caBundle } = connection;
  return { token, endsAt, ...(caBundle === undefined ? {} : { ca: caBundle }) };
}
