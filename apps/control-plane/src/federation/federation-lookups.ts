import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "@cellplane/apiserver";
import {
  type Cell,
  type FederatedTypeConfig,
  groups,
  type FeatureGate,
  type KubeFedCluster,
  type KubeFedConfig,
  kubefed,
  readFeatureGates,
  type TenantQuota,
  type Tombstone,
  type PropagatedVersion,
  type TopologyType,
  type TopologyTypeSpec,
} from "@cellplane/federation";

const of = (resource: string): ObjectScope => ({ group: groups.core, resource });
const ours = (resource: string): ObjectScope => ({ group: groups.cellplane, resource });

const namespaces: ObjectScope = { group: "", resource: "namespaces" };

/** What lookups read from: the server's own objects, or another server's through a client. */
export type LookupSource = Pick<ObjectAccess, "list" | "watch">;

/**
 * What admission looks up: small kinds kept parsed in memory by watch, so that judging a write
 * reads nothing; ledgers and tombstones are listed, for they are asked about rarely.
 */
export class FederationLookups implements Disposable {
  readonly #objects: LookupSource;
  readonly #kept = new Map<string, Map<string, KubernetesObject>>();
  readonly #watches: Disposable[] = [];

  /** Where clusters and settings lie. */
  readonly systemNamespace: string;

  private constructor(objects: LookupSource, systemNamespace: string) {
    this.#objects = objects;
    this.systemNamespace = systemNamespace;
  }

  /** Opens the watches; their CRDs must be served. */
  static async open(
    objects: LookupSource,
    systemNamespace: string = kubefed.systemNamespace,
  ): Promise<FederationLookups> {
    const lookups = new FederationLookups(objects, systemNamespace);
    const watched = [
      namespaces,
      ours("cells"),
      of("federatedtypeconfigs"),
      of("kubefedclusters"),
      of("kubefedconfigs"),
      ours("topologytypes"),
      ours("tenantquotas"),
    ];
    await Promise.all(watched.map((scope) => lookups.#watch(scope)));
    return lookups;
  }

  get objects(): LookupSource {
    return this.#objects;
  }

  namespace(name: string): KubernetesObject | undefined {
    return this.#kept.get("namespaces")?.get(name);
  }

  namespaces(): readonly KubernetesObject[] {
    return this.#all("namespaces");
  }

  cells(): readonly Cell[] {
    return this.#all("cells") as readonly Cell[];
  }

  clusters(): readonly KubeFedCluster[] {
    return this.#all("kubefedclusters") as readonly KubeFedCluster[];
  }

  cluster(name: string): KubeFedCluster | undefined {
    const found = this.#kept.get("kubefedclusters")?.get(`${this.systemNamespace}/${name}`);
    return found as KubeFedCluster | undefined;
  }

  typeConfigs(): readonly FederatedTypeConfig[] {
    return this.#all("federatedtypeconfigs") as readonly FederatedTypeConfig[];
  }

  topologyTypes(): ReadonlyMap<string, TopologyTypeSpec> {
    const types = this.#all("topologytypes") as readonly TopologyType[];
    return new Map(types.map(({ metadata, spec }) => [metadata.name ?? "", spec]));
  }

  tenantQuotas(): readonly TenantQuota[] {
    return this.#all("tenantquotas") as readonly TenantQuota[];
  }

  isolation(): "byTenant" | "off" {
    return this.isGateOn("TenantIsolation") ? "byTenant" : "off";
  }

  /** Whether a feature gate is on now. */
  isGateOn(gate: FeatureGate): boolean {
    return readFeatureGates(this.#config()?.spec)[gate];
  }

  /** The scope of the control plane. */
  scope(): "Cluster" | "Namespaced" {
    return this.#config()?.spec.scope ?? "Cluster";
  }

  /** What stands in a KubeFedCluster by the ledgers and tombstones, in words. */
  async standingIn(member: string): Promise<readonly string[]> {
    const [ledgers, clusterLedgers, tombstones] = await Promise.all([
      this.#objects.list(of("propagatedversions")),
      this.#objects.list(of("clusterpropagatedversions")),
      this.#objects.list(ours("tombstones")),
    ]);
    const entries = ([...ledgers, ...clusterLedgers] as readonly PropagatedVersion[])
      .filter(({ status }) => status?.clusterVersions?.some((each) => each.clusterName === member))
      .map(ownerInWords);
    const graves = (tombstones as readonly Tombstone[])
      .filter(({ spec }) => spec.clusterName === member || spec.joinedCluster === member)
      .map(({ metadata }) => `Tombstone ${metadata.name ?? ""}`);
    return [...entries, ...graves].toSorted();
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
  }

  #config(): KubeFedConfig | undefined {
    const key = `${this.systemNamespace}/${kubefed.configName}`;
    return this.#kept.get("kubefedconfigs")?.get(key) as KubeFedConfig | undefined;
  }

  #all(resource: string): readonly KubernetesObject[] {
    return Array.from(this.#kept.get(resource)?.values() ?? []);
  }

  async #watch(scope: ObjectScope): Promise<void> {
    const kept = new Map<string, KubernetesObject>();
    this.#kept.set(scope.resource, kept);
    const watch = await this.#objects.watch(scope, {
      onPut: (object) => kept.set(keyOf(object), object),
      onDelete: (object) => kept.delete(keyOf(object)),
    });
    this.#watches.push(watch);
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  const { name = "", namespace } = metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** `FederatedDeployment bank-prod/txnflow`. */
function ownerInWords({ metadata }: KubernetesObject): string {
  const [owner] = metadata.ownerReferences ?? [];
  const { namespace } = metadata;
  const place = namespace === undefined ? "" : `${namespace}/`;
  return owner ? `${owner.kind} ${place}${owner.name}` : `ledger ${place}${metadata.name ?? ""}`;
}
