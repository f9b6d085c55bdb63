import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import {
  type FederatedObject,
  type FederatedTypeConfig,
  kubefed,
  type KubeFedCluster,
  type KubeFedConfig,
  parseMemberName,
  readFeatureGates,
} from "@cellplane/federation";
import { readControlPlaneId } from "../membership/join-cluster.ts";
import {
  kubeFedClusters,
  kubeFedConfigs,
  namespaces,
  systemSecrets,
} from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { federatedPath, readTypeConfigs } from "../types/type-configs.ts";
import { endpointOf } from "../types/member-connection.ts";
import type { KubefedHost } from "./kubefed-host.ts";

/** What the control plane has already. */
export interface ControlPlaneState {
  readonly client: RestClient;
  readonly id: string;
  readonly settings: KubeFedConfig;
  readonly types: ReadonlyMap<string, FederatedTypeConfig>;
  /** Joined clusters by name, without cells. */
  readonly clusters: ReadonlyMap<string, KubeFedCluster>;
  readonly secrets: ReadonlyMap<string, KubernetesObject>;
  readonly namespaces: ReadonlyMap<string, KubernetesObject>;
  /** Federated objects by type and `namespace/name`. */
  readonly objects: ReadonlyMap<string, FederatedObject>;
}

/** The key of a federated object in `ControlPlaneState.objects`. */
export function stateKey(type: string, { metadata }: KubernetesObject): string {
  return `${type} ${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}

/** Reads what the control plane has. */
export async function readControlPlane(client: RestClient): Promise<ControlPlaneState> {
  const settings = (await client.get(kubeFedConfigs, kubefed.configName)) as KubeFedConfig;
  const types = await readTypeConfigs(client);
  const [clusters, secrets, homes, objects] = await Promise.all([
    client.list(kubeFedClusters),
    client.list(systemSecrets),
    client.list(namespaces),
    Promise.all(types.map((config) => readObjects(client, config))),
  ]);
  const joined = clusters.items.filter(({ metadata }) => !parseMemberName(metadata.name ?? ""));
  return {
    client,
    id: await readControlPlaneId(client),
    settings,
    types: new Map(types.map((config) => [config.metadata.name ?? "", config])),
    clusters: byName(joined) as ReadonlyMap<string, KubeFedCluster>,
    secrets: byName(secrets.items),
    namespaces: byName(homes.items),
    objects: new Map(objects.flat()),
  };
}

/** Refuses what would make copies behave otherwise than on the host, before anything is written. */
export function checkControlPlane(here: ControlPlaneState, host: KubefedHost): void {
  if (!readFeatureGates(here.settings.spec).PlacementMask) {
    throw new CliError(
      "Cannot migrate as the feature gate PlacementMask must be Enabled: copies are held by masks until they are known to be in step",
    );
  }
  const scope = host.settings?.spec.scope ?? "Cluster";
  if (scope !== here.settings.spec.scope) {
    throw new CliError(
      `Cannot migrate as both control planes must have the same scope: KubeFed's is ${scope}, this one's ${here.settings.spec.scope}`,
    );
  }
  for (const { cluster } of host.clusters) checkCluster(here, cluster);
}

function checkCluster(here: ControlPlaneState, cluster: KubeFedCluster): void {
  const { name = "" } = cluster.metadata;
  if (parseMemberName(name)) {
    throw new CliError(
      `Cannot migrate as names of clusters must have no dots, which stand for cells here: KubeFed has "${name}". Register it under another name in KubeFed first`,
    );
  }
  const spec = isJsonObject(cluster.spec) ? cluster.spec : {};
  const known = here.clusters.get(name)?.spec;
  const other = isJsonObject(known) ? endpointOf(known) : undefined;
  if (other === undefined || other === endpointOf(spec)) return;
  throw new CliError(
    `Cannot migrate as another cluster "${name}" is joined here already, at ${other}: KubeFed's is at ${endpointOf(spec)}`,
  );
}

async function readObjects(
  client: RestClient,
  config: FederatedTypeConfig,
): Promise<readonly (readonly [string, FederatedObject])[]> {
  const type = config.metadata.name ?? "";
  const { kind, group = "" } = config.spec.federatedType;
  const path = federatedPath(config);
  try {
    const { items } = await client.list(path);
    return items.map((item) => {
      const object = { ...item, apiVersion: `${group}/${path.version}`, kind };
      return [stateKey(type, item), object] as const;
    });
  } catch (error) {
    if (isStatus(error, "NotFound")) return [];
    throw error;
  }
}

function byName(items: readonly KubernetesObject[]): ReadonlyMap<string, KubernetesObject> {
  return new Map(items.map((item) => [item.metadata.name ?? "", item]));
}
