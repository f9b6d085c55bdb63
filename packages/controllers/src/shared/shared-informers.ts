import type { KubernetesObject } from "@cellplane/apimachinery";
import {
  createInformer,
  type Informer,
  type InformerOptions,
  type ResourcePath,
  type RestClient,
  TextPool,
} from "@cellplane/client";
import {
  type Cell,
  cellOfCluster,
  type FederatedRevision,
  type FederatedTypeConfig,
  type KubeFedCluster,
  type KubeFedConfig,
  type PropagatedVersion,
  revisionSecretType,
  type Tenant,
  tenantOf,
  type Tombstone,
  type TopologyType,
} from "@cellplane/federation";
import type { ErrorReporter } from "./controller.ts";
import {
  cells,
  clusterFederatedRevisions,
  clusterPropagatedVersions,
  federatedRevisions,
  federatedTypeConfigs,
  kubeFedClusters,
  kubeFedConfigs,
  propagatedVersions,
  tombstones,
  topologyTypes,
} from "./federation-resources.ts";
import { namespaces, secrets } from "./resources.ts";

/** The index of revisions by the uid of the object that they belong to. */
export const byOwnerUid = "ownerUid";
/** The index of ledgers by their namespace. */
export const byNamespace = "namespace";
/** The index of Cells by the joined cluster that they live on. */
export const byCluster = "cluster";

/** The index of clusters by who may see them: see `visibleClusters`. */
const byVisibility = "visibility";

// As federated objects look for them: cells by namespace, joined clusters by tenant, or all of them.
function visibilitiesOf(cluster: KubeFedCluster): readonly string[] {
  const cell = cellOfCluster(cluster);
  if (cell) return [`cells of ${cell.namespace}`];
  return ["joined", joinedBy(tenantOf(cluster.metadata.labels))];
}

function joinedBy({ tenant, workspaceGroup }: Tenant): string {
  return `joined by ${JSON.stringify([tenant, workspaceGroup])}`;
}

/**
 * The clusters that an object of this namespace and tenant may see, whatever its topology type:
 * of a large fleet only those are looked at, however many other tenants have.
 */
export function visibleClusters(
  { clusters }: Pick<SharedInformers, "clusters">,
  of: {
    readonly namespace: string;
    readonly tenant: Tenant;
    readonly isolation: "byTenant" | "off";
  },
): readonly KubeFedCluster[] {
  const joined = of.isolation === "off" ? "joined" : joinedBy(of.tenant);
  return [
    ...clusters.byIndex(byVisibility, joined),
    ...clusters.byIndex(byVisibility, `cells of ${of.namespace}`),
  ];
}

/** What every federation controller reads of the control plane; one informer each, shared. */
export interface SharedInformers {
  readonly clusters: Informer<KubeFedCluster>;
  readonly configs: Informer<KubeFedConfig>;
  readonly typeConfigs: Informer<FederatedTypeConfig>;
  readonly cells: Informer<Cell>;
  readonly topologyTypes: Informer<TopologyType>;
  readonly namespaces: Informer;
  readonly ledgers: Informer<PropagatedVersion>;
  readonly clusterLedgers: Informer<PropagatedVersion>;
  readonly revisions: Informer<FederatedRevision>;
  readonly clusterRevisions: Informer<FederatedRevision>;
  /** Secrets of the system namespace: credentials. */
  readonly secrets: Informer;
  /** Revisions of FederatedSecrets. */
  readonly revisionSecrets: Informer;
  readonly tombstones: Informer<Tombstone>;
}

/** Makes them; nothing runs yet. */
export function createSharedInformers(deps: {
  readonly client: RestClient;
  readonly systemNamespace: string;
  readonly onError: ErrorReporter;
}): SharedInformers {
  const { client, systemNamespace } = deps;
  const of = <T extends KubernetesObject>(
    path: ResourcePath,
    indexes: Readonly<Record<string, (object: T) => readonly string[]>> = {},
    { fieldSelector = "", packing }: Pick<InformerOptions<T>, "fieldSelector" | "packing"> = {},
  ): Informer<T> =>
    createInformer<T>({
      client,
      path,
      fieldSelector,
      indexes,
      trim: dropManagedFields<T>,
      ...(packing === undefined ? {} : { packing }),
      onError: (error) => deps.onError(error, { resource: path.resource }),
    });
  // Of these there are as many as objects, or more, and few are looked at at a time.
  const packed = { packing: { texts: new TextPool() } };
  const ownerUids = (object: KubernetesObject): readonly string[] =>
    object.metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
  const inSystem = (path: ResourcePath): ResourcePath => ({ ...path, namespace: systemNamespace });
  return {
    clusters: of<KubeFedCluster>(inSystem(kubeFedClusters), { [byVisibility]: visibilitiesOf }),
    configs: of<KubeFedConfig>(inSystem(kubeFedConfigs)),
    typeConfigs: of<FederatedTypeConfig>(inSystem(federatedTypeConfigs)),
    cells: of<Cell>(cells, { [byCluster]: (cell) => [cell.spec.clusterRef.name] }),
    topologyTypes: of<TopologyType>(topologyTypes),
    namespaces: of(namespaces),
    ledgers: of<PropagatedVersion>(
      propagatedVersions,
      {
        [byNamespace]: ({ metadata }) => [metadata.namespace ?? ""],
      },
      packed,
    ),
    clusterLedgers: of<PropagatedVersion>(clusterPropagatedVersions, {}, packed),
    revisions: of<FederatedRevision>(federatedRevisions, { [byOwnerUid]: ownerUids }, packed),
    clusterRevisions: of<FederatedRevision>(
      clusterFederatedRevisions,
      { [byOwnerUid]: ownerUids },
      packed,
    ),
    secrets: of(inSystem(secrets)),
    revisionSecrets: of(
      secrets,
      { [byOwnerUid]: ownerUids },
      { ...packed, fieldSelector: `type=${revisionSecretType}` },
    ),
    tombstones: of<Tombstone>(inSystem(tombstones)),
  };
}

/** Every one of them, for running and waiting. */
export function allInformers(shared: SharedInformers): readonly Informer[] {
  return Object.values(shared) as readonly Informer[];
}

/** An object without `metadata.managedFields`, which no decision needs. */
export function dropManagedFields<T extends KubernetesObject>(object: KubernetesObject): T {
  if (object.metadata.managedFields === undefined) return object as T;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata } as T;
}
