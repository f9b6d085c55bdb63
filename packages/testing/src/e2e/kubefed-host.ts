import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import {
  type ApiResource,
  createRenderer,
  createTypeConfig,
  type FederatedObject,
  type FederatedSpec,
  federatedTypeConfigCrd,
  groups,
  kubefed,
  kubeFedClusterCrd,
  kubeFedConfigCrd,
  memberVersionOf,
  overridesHash,
  propagatedVersionCrds,
  replicaSchedulingPreferenceCrd,
  templateHash,
} from "@cellplane/federation";
import { kubefedTypeCrd } from "./kubefed-type-crd.ts";
import { ensureKubefedAccount } from "./kubefed-account.ts";
import type { TestServer } from "./test-server.ts";
import { waitFor } from "./wait-for.ts";

const system = kubefed.systemNamespace;
const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};

/** A type that KubeFed federates. */
export interface KubefedType {
  readonly target: ApiResource;
  readonly shortName?: string;
}

/** One federated object, as KubeFed's user wrote it. */
export interface KubefedObject {
  readonly target: ApiResource;
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly spec: FederatedSpec;
}

/** KubeFed v0.10 as it leaves an API server: its kinds and objects, and what it wrote to members. */
export class KubefedHost {
  readonly server: TestServer;
  readonly #members: ReadonlyMap<string, RestClient>;

  private constructor(server: TestServer, members: ReadonlyMap<string, RestClient>) {
    this.server = server;
    this.#members = members;
  }

  /** Installs KubeFed's kinds, types and settings, and joins the members, as `kubefedctl` does. */
  static async install(
    server: TestServer,
    members: ReadonlyMap<string, TestServer>,
    types: readonly KubefedType[],
  ): Promise<KubefedHost> {
    const clients = new Map(Array.from(members, ([name, member]) => [name, member.client]));
    const host = new KubefedHost(server, clients);
    const { client } = server;
    const kinds = [
      kubeFedClusterCrd(),
      kubeFedConfigCrd(),
      federatedTypeConfigCrd(),
      ...propagatedVersionCrds(),
      replicaSchedulingPreferenceCrd(),
      ...types.map(({ target, shortName }) => kubefedTypeCrd(target, shortName)),
    ];
    for (const crd of kinds) await client.create(crds, crd);
    await client.create(
      { group: "", version: "v1", resource: "namespaces" },
      { apiVersion: "v1", kind: "Namespace", metadata: { name: system } },
    );
    await host.#whenServed(types);
    await host.#create("kubefedconfigs", { kind: "KubeFedConfig", ...kubefedConfig });
    for (const { target } of types) {
      const { metadata, spec } = createTypeConfig(target);
      const { targetType, federatedType, propagation } = spec;
      const written = { targetType, federatedType, propagation };
      await host.#create("federatedtypeconfigs", {
        kind: "FederatedTypeConfig",
        metadata: { name: metadata.name ?? "" },
        spec: written,
      });
    }
    for (const [name, member] of members) await host.#join(name, member);
    return host;
  }

  /** The client of the host. */
  get client(): RestClient {
    return this.server.client;
  }

  /** Stores a federated object and brings members to it, as KubeFed's controller does. */
  async federate(wanted: KubefedObject): Promise<void> {
    const { target, name, namespace, spec } = wanted;
    const { federatedType } = createTypeConfig(target).spec;
    const path: ResourcePath = {
      group: groups.types,
      version: "v1beta1",
      resource: federatedType.pluralName,
      ...(namespace === undefined ? {} : { namespace }),
    };
    const object = await this.client.create(path, {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: federatedType.kind,
      metadata: { name, finalizers: [kubefed.syncFinalizer] },
      spec,
    });
    const versions = await Promise.all(
      (spec.placement?.clusters ?? []).map(async (cluster) => {
        const live = await this.#write(wanted, cluster.name);
        return { clusterName: cluster.name, version: memberVersionOf(live) };
      }),
    );
    await this.#record(wanted, object, versions);
  }

  /** Marks KubeFed's controller as running, or as having last run long ago. */
  async setLock(renewTime: Date): Promise<void> {
    const record = {
      holderIdentity: "kubefed-controller-manager-5d8f_2c1a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T00:00:00Z",
      renewTime: renewTime.toISOString(),
      leaderTransitions: 2,
    };
    const path: ResourcePath = {
      group: "",
      version: "v1",
      resource: "configmaps",
      namespace: system,
    };
    const { leaderElectionName: name } = kubefed;
    const annotations = { "control-plane.alpha.kubernetes.io/leader": JSON.stringify(record) };
    const lock = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, annotations } };
    await this.client.patch(
      path,
      name,
      { type: "apply", body: lock },
      { fieldManager: "kubefed", force: true },
    );
  }

  async #write(
    { target, name, namespace, spec }: KubefedObject,
    cluster: string,
  ): Promise<KubernetesObject> {
    const isNamespace = target.kind === "Namespace";
    const { group = "", version, pluralName, kind, scope } = target;
    const renderer = createRenderer({
      namespace: scope === "Cluster" ? undefined : namespace,
      name,
      kind,
      scope,
      policy: () => false,
      schedulerOverrides: [],
    });
    const rendering = renderer.render(
      { template: spec.template, overrides: spec.overrides },
      {
        cluster: {
          metadata: { name: cluster },
          spec: { apiEndpoint: "", secretRef: { name: "" } },
        },
        cell: undefined,
        apiVersion: group === "" ? version : `${group}/${version}`,
        adopted: false,
      },
    );
    if (rendering.kind === "failed") throw new Error(rendering.message);
    const path: ResourcePath = {
      group,
      version,
      resource: pluralName,
      ...(isNamespace || namespace === undefined ? {} : { namespace }),
    };
    return this.#member(cluster).create(path, rendering.object);
  }

  async #record(
    { target, name, namespace }: KubefedObject,
    object: FederatedObject,
    clusterVersions: readonly { readonly clusterName: string; readonly version: string }[],
  ): Promise<void> {
    const resource = namespace === undefined ? "clusterpropagatedversions" : "propagatedversions";
    const path: ResourcePath = {
      group: groups.core,
      version: "v1alpha1",
      resource,
      ...(namespace === undefined ? {} : { namespace }),
    };
    const { apiVersion = "", kind = "", metadata } = object;
    const created = await this.client.create(path, {
      apiVersion: "core.kubefed.io/v1alpha1",
      kind: namespace === undefined ? "ClusterPropagatedVersion" : "PropagatedVersion",
      metadata: {
        name: `${target.kind.toLowerCase()}-${name}`,
        ownerReferences: [{ apiVersion, kind, name, uid: metadata.uid ?? "" }],
      },
    });
    const status = {
      templateVersion: templateHash(object.spec?.template),
      overridesVersion: overridesHash(object),
      clusterVersions,
    };
    await this.client.update(path, { ...created, status }, { subresource: "status" });
  }

  async #join(name: string, member: TestServer): Promise<void> {
    const { token, caBundle } = await ensureKubefedAccount(member.client, `${name}-host`);
    const secrets: ResourcePath = {
      group: "",
      version: "v1",
      resource: "secrets",
      namespace: system,
    };
    await this.client.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-x7k2p` },
      data: { token },
    });
    await this.#create("kubefedclusters", {
      kind: "KubeFedCluster",
      metadata: { name, labels: { region: "hangzhou" } },
      spec: { apiEndpoint: member.url, caBundle, secretRef: { name: `${name}-x7k2p` } },
    });
  }

  async #create(
    resource: string,
    object: JsonObject & Pick<KubernetesObject, "metadata">,
  ): Promise<void> {
    const path = { group: groups.core, version: "v1beta1", resource, namespace: system };
    await this.client.create(path, { apiVersion: `${groups.core}/v1beta1`, ...object });
  }

  async #whenServed(types: readonly KubefedType[]): Promise<void> {
    const paths = [
      ...["kubefedclusters", "kubefedconfigs", "federatedtypeconfigs"].map((resource) => ({
        group: groups.core,
        version: "v1beta1",
        resource,
      })),
      ...["propagatedversions", "clusterpropagatedversions"].map((resource) => ({
        group: groups.core,
        version: "v1alpha1",
        resource,
      })),
      ...types.map(({ target }) => ({
        group: groups.types,
        version: "v1beta1",
        resource: `federated${target.pluralName}`,
      })),
    ];
    for (const path of paths) {
      await waitFor(`${path.resource} to be served`, () =>
        this.client.list(path).catch(() => undefined),
      );
    }
  }

  #member(name: string): RestClient {
    const found = this.#members.get(name);
    if (!found) throw new Error(`Cannot find a member "${name}"`);
    return found;
  }
}

// As KubeFed's webhook fills it in (reference §1.2).
const kubefedConfig = {
  metadata: { name: kubefed.configName },
  spec: {
    scope: "Cluster",
    controllerDuration: { availableDelay: "20s", unavailableDelay: "60s", cacheSyncTimeout: "5m" },
    leaderElect: {
      leaseDuration: "15s",
      renewDeadline: "10s",
      retryPeriod: "5s",
      resourceLock: "configmaps",
    },
    featureGates: [
      { name: "PushReconciler", configuration: "Enabled" },
      { name: "RawResourceStatusCollection", configuration: "Disabled" },
      { name: "SchedulerPreferences", configuration: "Enabled" },
    ],
    clusterHealthCheck: { period: "10s", failureThreshold: 3, successThreshold: 1, timeout: "3s" },
    syncController: { maxConcurrentReconciles: 1, adoptResources: "Enabled" },
    statusController: { maxConcurrentReconciles: 1 },
  },
} as const;
