import { formatGroupResource, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import {
  type ApiResource,
  type FederatedObject,
  type FederatedTypeConfig,
  groups,
  kubefed,
  type KubeFedCluster,
  type KubeFedConfig,
  pluralOfKind,
  type PropagatedVersion,
} from "@cellplane/federation";
import { readControlPlaneId } from "../membership/join-cluster.ts";
import { namespaces } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { crds } from "../types/enable-type.ts";

/** A federated object of a KubeFed host, with its type and what KubeFed recorded of it. */
export interface HostObject {
  readonly config: FederatedTypeConfig;
  readonly object: FederatedObject;
  readonly ledger: PropagatedVersion | undefined;
}

/** A cluster that KubeFed manages, and its credential. */
export interface HostCluster {
  readonly cluster: KubeFedCluster;
  readonly secret: KubernetesObject | undefined;
}

/** Everything that KubeFed keeps on its host. */
export interface KubefedHost {
  readonly client: RestClient;
  readonly id: string;
  readonly systemNamespace: string;
  readonly settings: KubeFedConfig | undefined;
  readonly types: readonly FederatedTypeConfig[];
  /** Of the federated kinds, by the name of their FederatedTypeConfig. */
  readonly shortNames: ReadonlyMap<string, readonly string[]>;
  readonly clusters: readonly HostCluster[];
  readonly objects: readonly HostObject[];
  /** Namespaces by name. */
  readonly namespaces: ReadonlyMap<string, KubernetesObject>;
  /** How many ReplicaSchedulingPreferences there are: they are not copied. */
  readonly preferences: number;
}

/** Reads a KubeFed host. Nothing is written to it. */
export async function readKubefedHost(
  client: RestClient,
  systemNamespace: string,
): Promise<KubefedHost> {
  const core = (resource: string, namespace?: string): ResourcePath => ({
    group: groups.core,
    version: "v1beta1",
    resource,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const system = (resource: string): ResourcePath => core(resource, systemNamespace);
  const clusters = await listRequired(client, system("kubefedclusters"));
  const types = (await list(client, system("federatedtypeconfigs"))).map(withDefaults);
  const ledgers = await readLedgers(client);
  const objects = await Promise.all(types.map((config) => readObjects(client, config, ledgers)));
  const all = await list(client, namespaces);
  const settings = await list(client, system("kubefedconfigs"));
  const scheduling = { group: groups.scheduling, version: "v1alpha1" };
  const preferences = await list(client, {
    ...scheduling,
    resource: "replicaschedulingpreferences",
  });
  return {
    client,
    id: await readControlPlaneId(client),
    systemNamespace,
    settings: settings.find(({ metadata }) => metadata.name === kubefed.configName) as
      | KubeFedConfig
      | undefined,
    types,
    shortNames: await readShortNames(client, types),
    clusters: await readClusters(client, clusters as readonly KubeFedCluster[], systemNamespace),
    objects: objects.flat(),
    namespaces: new Map(all.map((each) => [each.metadata.name ?? "", each])),
    preferences: preferences.length,
  };
}

/** The name of an object's PropagatedVersion, with its namespace (reference §1.4). */
export function ledgerKey({ spec }: FederatedTypeConfig, { metadata }: KubernetesObject): string {
  const { namespace = "", name = "" } = metadata;
  return `${namespace}/${spec.targetType.kind.toLowerCase()}-${name}`;
}

async function readClusters(
  client: RestClient,
  clusters: readonly KubeFedCluster[],
  namespace: string,
): Promise<readonly HostCluster[]> {
  const secrets = await list(client, { group: "", version: "v1", resource: "secrets", namespace });
  const byName = new Map(secrets.map((secret) => [secret.metadata.name ?? "", secret]));
  // A derived cluster is a cell of ours, and no cluster that KubeFed knows.
  return clusters.map((cluster) => ({
    cluster,
    secret: byName.get(cluster.spec.secretRef?.name ?? ""),
  }));
}

async function readLedgers(client: RestClient): Promise<ReadonlyMap<string, PropagatedVersion>> {
  const version = { group: groups.core, version: "v1alpha1" };
  const found = await Promise.all(
    ["propagatedversions", "clusterpropagatedversions"].map((resource) =>
      list(client, { ...version, resource }),
    ),
  );
  return new Map(
    found.flat().map((ledger) => {
      const { namespace = "", name = "" } = ledger.metadata;
      return [`${namespace}/${name}`, ledger] as const;
    }),
  );
}

async function readObjects(
  client: RestClient,
  config: FederatedTypeConfig,
  ledgers: ReadonlyMap<string, PropagatedVersion>,
): Promise<readonly HostObject[]> {
  const { group = "", version, pluralName, kind } = config.spec.federatedType;
  const items = await list(client, { group, version, resource: pluralName });
  return items.map((item) => {
    const ledger = ledgers.get(ledgerKey(config, item));
    const owned = ledger?.metadata.ownerReferences?.some(({ uid }) => uid === item.metadata.uid);
    return {
      config,
      object: { ...item, apiVersion: `${group}/${version}`, kind },
      // One of another kind of that name, or of an earlier object, says nothing about this one.
      ledger: owned === false ? undefined : ledger,
    };
  });
}

async function readShortNames(
  client: RestClient,
  types: readonly FederatedTypeConfig[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const all = await list(client, crds);
  const namesOf = ({ spec }: KubernetesObject): readonly string[] => {
    const { names } = spec as { readonly names?: { readonly shortNames?: readonly string[] } };
    return (names?.shortNames ?? []).map((name) => name.replace(/^f/, ""));
  };
  const byCrd = new Map(all.map((crd) => [crd.metadata.name ?? "", namesOf(crd)]));
  return new Map(
    types.map(({ metadata, spec: { federatedType } }) => {
      const crd = formatGroupResource({
        group: federatedType.group ?? "",
        resource: federatedType.pluralName,
      });
      return [metadata.name ?? "", byCrd.get(crd) ?? []] as const;
    }),
  );
}

// KubeFed fills these in when it reads (reference §1.3), and need not have stored them.
function withDefaults(object: KubernetesObject): FederatedTypeConfig {
  const config = object as FederatedTypeConfig;
  const [plural = "", ...rest] = (config.metadata.name ?? "").split(".");
  const { targetType, federatedType } = config.spec;
  const target: ApiResource = {
    ...targetType,
    pluralName: targetType.pluralName || plural,
    ...(targetType.group ? {} : rest.length === 0 ? {} : { group: rest.join(".") }),
  };
  const federated: ApiResource = {
    ...federatedType,
    pluralName: federatedType.pluralName || pluralOfKind(federatedType.kind),
  };
  return { ...config, spec: { ...config.spec, targetType: target, federatedType: federated } };
}

async function listRequired(
  client: RestClient,
  path: ResourcePath,
): Promise<readonly KubernetesObject[]> {
  try {
    return (await client.list(path)).items;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new CliError(
      `Cannot migrate as ${client.server} has no KubeFed: it serves no ${path.resource}.${path.group}`,
      { cause: error },
    );
  }
}

/** What is not served is not there. */
async function list(client: RestClient, path: ResourcePath): Promise<readonly KubernetesObject[]> {
  try {
    return (await client.list(path)).items;
  } catch (error) {
    if (isStatus(error, "NotFound")) return [];
    throw error;
  }
}
