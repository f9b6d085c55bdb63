import {
  isJsonEqual,
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { groups, kubefed, type KubeFedCluster } from "@cellplane/federation";
import { kubeFedClusters, systemSecrets } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import type { ControlPlaneState } from "./control-plane-state.ts";
import type { HostCluster } from "./kubefed-host.ts";

/** Registers KubeFed's clusters here, with the credentials that KubeFed has for them. */
export async function importClusters(
  clusters: readonly HostCluster[],
  here: ControlPlaneState,
): Promise<readonly string[]> {
  const imported: string[] = [];
  for (const { cluster, secret } of clusters) {
    const { name = "" } = cluster.metadata;
    if (here.clusters.has(name)) continue;
    if (secret) await importSecret(secret, here);
    await here.client.create(kubeFedClusters, clusterCopy(cluster));
    imported.push(name);
  }
  return imported;
}

async function importSecret(secret: KubernetesObject, here: ControlPlaneState): Promise<void> {
  const { name = "", labels: set } = secret.metadata;
  const existing = here.secrets.get(name);
  if (existing) {
    if (isJsonEqual(dataOf(existing), dataOf(secret))) return;
    throw new CliError(
      `Cannot migrate as the Secret "${kubefed.systemNamespace}/${name}" is here already, with other contents; rename one of them`,
    );
  }
  await here.client.create(systemSecrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace: kubefed.systemNamespace,
      ...(set === undefined ? {} : { labels: set }),
    },
    type: "Opaque",
    data: dataOf(secret),
  });
}

function dataOf({ data }: KubernetesObject): JsonObject {
  return isJsonObject(data) ? data : {};
}

function clusterCopy({ metadata, spec }: KubeFedCluster): KubernetesObject {
  const { name = "", labels: set } = metadata;
  return {
    apiVersion: `${groups.core}/v1beta1`,
    kind: "KubeFedCluster",
    metadata: {
      name,
      namespace: kubefed.systemNamespace,
      ...(set === undefined ? {} : { labels: set }),
    },
    spec,
  };
}
