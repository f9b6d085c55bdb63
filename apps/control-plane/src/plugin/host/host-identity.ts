import { X509Certificate } from "node:crypto";
import { isJsonObject, isStatus } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { groups, kubefed } from "@cellplane/federation";
import { ServerError } from "../../options/server-error.ts";

const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };

/**
 * The control plane's id: the uid of the host's namespace `kube-system`; of the KubeFedConfig where
 * namespaces are no objects. Both live as long as the host's data.
 */
export async function readHostId(
  client: RestClient,
  systemNamespace: string,
  signal: AbortSignal,
): Promise<string> {
  const configs = {
    group: groups.core,
    version: "v1beta1",
    resource: "kubefedconfigs",
    namespace: systemNamespace,
  };
  const places = [
    [namespaces, "kube-system"],
    [configs, kubefed.configName],
  ] as const;
  for (const [path, name] of places) {
    try {
      const { uid } = (await client.get(path, name, signal)).metadata;
      if (uid !== undefined) return uid;
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
  throw new ServerError(
    `Cannot run as ${client.server} has no KubeFedConfig "${systemNamespace}/${kubefed.configName}"; run "cellplane install" first, or give --install`,
  );
}

const selfReviews: ResourcePath = {
  group: "authentication.k8s.io",
  version: "v1",
  resource: "selfsubjectreviews",
};

/** The user that a client is to its server; `undefined` where neither the server nor the certificate says. */
export async function readOwnUser(
  client: RestClient,
  clientCertificate: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const review = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    metadata: {},
  };
  try {
    const status = (await client.create(selfReviews, review, {}, signal))["status"];
    const info = isJsonObject(status) ? status["userInfo"] : undefined;
    const name = isJsonObject(info) ? info["username"] : undefined;
    if (typeof name === "string") return name;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
  if (clientCertificate === undefined) return undefined;
  const { subject } = new X509Certificate(clientCertificate);
  return /^CN=(.+)$/m.exec(subject)?.[1];
}
