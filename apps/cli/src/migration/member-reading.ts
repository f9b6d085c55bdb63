import { formatGroupResource, type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import { discoverResources, type RestClient } from "@cellplane/client";
import {
  type FederatedTypeConfig,
  kubefed,
  type KubeFedCluster,
  type Observation,
} from "@cellplane/federation";
import { connectCluster } from "../types/member-connection.ts";

/** What one member has of KubeFed's, as it was read; nothing is written to it. */
export interface MemberReading {
  readonly cluster: KubeFedCluster;
  /** Versions of each type's target that it serves, by the type's name; absent: not known. */
  readonly served: ReadonlyMap<string, readonly string[]> | undefined;
  /** The object of a type, by the key of the target: `namespace/name`. */
  observe(type: string, key: string): Observation;
}

type ReadType =
  | { readonly kind: "read"; readonly objects: ReadonlyMap<string, KubernetesObject> }
  | { readonly kind: "failed"; readonly message: string };

/** Reads what a member has of these types. A member that cannot be reached is no error here. */
export async function readMember(
  cluster: KubeFedCluster,
  secret: KubernetesObject | undefined,
  types: readonly FederatedTypeConfig[],
): Promise<MemberReading> {
  if (!secret)
    return unreadable(cluster, `the Secret of cluster "${cluster.metadata.name ?? ""}" is missing`);
  await using client = connectCluster(cluster, secret);
  try {
    const served = await readServed(client, types);
    const read = await Promise.all(
      types.map(async (config) => {
        const name = config.metadata.name ?? "";
        return [name, await readType(client, config, served.get(name) ?? [])] as const;
      }),
    );
    const byType = new Map(read);
    return { cluster, served, observe: (type, key) => observationOf(byType.get(type), key) };
  } catch (error) {
    return unreadable(cluster, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(cluster: KubeFedCluster, message: string): MemberReading {
  return { cluster, served: undefined, observe: () => ({ kind: "unsynced", message }) };
}

function observationOf(type: ReadType | undefined, key: string): Observation {
  if (type?.kind !== "read") {
    const message = type?.message ?? "the type was not read";
    return { kind: "unsynced", message };
  }
  const object = type.objects.get(key);
  return object ? { kind: "present", object } : { kind: "absent" };
}

async function readServed(
  client: RestClient,
  types: readonly FederatedTypeConfig[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const groups = types.map(({ spec }) => spec.targetType.group ?? "");
  const { resources } = await discoverResources(client, undefined, { groups });
  const versions = Map.groupBy(resources, formatGroupResource);
  return new Map(
    types.map(({ metadata, spec: { targetType } }) => {
      const { group = "", pluralName: resource } = targetType;
      const found = versions.get(formatGroupResource({ group, resource })) ?? [];
      return [metadata.name ?? "", found.map(({ version }) => version)] as const;
    }),
  );
}

async function readType(
  client: RestClient,
  { spec: { targetType } }: FederatedTypeConfig,
  served: readonly string[],
): Promise<ReadType> {
  const version = served.includes(targetType.version) ? targetType.version : served[0];
  if (version === undefined) return { kind: "read", objects: new Map() };
  const path = { group: targetType.group ?? "", version, resource: targetType.pluralName };
  try {
    const { items } = await client.list(path, { labelSelector: `${kubefed.managedLabel}=true` });
    const objects = new Map(items.map((object) => [targetKey(object.metadata), object]));
    return { kind: "read", objects };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { kind: "failed", message: error.message };
  }
}

function targetKey({ namespace, name = "" }: KubernetesObject["metadata"]): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
