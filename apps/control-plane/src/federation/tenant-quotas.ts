import { forbidden, type KubernetesObject } from "@cellplane/apimachinery";
import type { AdmissionRequest, ObjectScope } from "@cellplane/apiserver";
import {
  computePlacement,
  countKeysOf,
  federatedObjectsKey,
  type FederatedTypeConfig,
  findExceeded,
  hardLimit,
  limitsTenant,
  membersOfType,
  membersPerObjectKey,
  type QuotaDemand,
  type TenantQuota,
  tenantOf,
  toClusterView,
  topologyTypeOf,
} from "@cellplane/federation";
import type { FederationLookups } from "./federation-lookups.ts";
import { homeOf, ObjectCounter } from "./object-counter.ts";

const cellsResource = "cells.cellplane.io";

/** Refuses creations that a TenantQuota leaves no room for. Nothing is watched until there is one. */
export class TenantQuotas {
  readonly #lookups: () => FederationLookups;
  readonly #nowMs: () => number;
  readonly #counters = new Map<string, Promise<ObjectCounter>>();
  /** Opened ones, for what may not wait. */
  readonly #open = new Map<string, ObjectCounter>();
  /** Objects of requests that hold a reservation. */
  readonly #reserved = new WeakSet<KubernetesObject>();

  constructor(lookups: () => FederationLookups, nowMs: () => number) {
    this.#lookups = lookups;
    this.#nowMs = nowMs;
  }

  /**
   * Judges a write of a Cell or a federated object, and reserves what it creates.
   *
   * @throws {StatusError} Forbidden, in the words of Kubernetes' ResourceQuota.
   */
  async check(
    request: AdmissionRequest,
    object: KubernetesObject,
    typeConfig: FederatedTypeConfig | undefined,
  ): Promise<void> {
    const lookups = this.#lookups();
    const quotas = lookups
      .tenantQuotas()
      .filter((quota) => limitsTenant(quota, this.#tenantOf(request, object)));
    if (quotas.length === 0) return;
    if (typeConfig) this.#checkMembers(request, object, quotas);
    const { gvr, operation, dryRun } = request;
    if (operation !== "CREATE") return;
    const resource = `${gvr.resource}.${gvr.group}`;
    const keys = countKeysOf(resource, typeConfig ? "federated" : "other");
    const limited = keys.filter((key) =>
      quotas.some((quota) => hardLimit(quota, key) !== undefined),
    );
    if (limited.length === 0) return;
    await request.guard?.(quotas.map(guardOf));
    const counted = new Set([resource, ...limited.flatMap((key) => this.#resourcesOf(key))]);
    await Promise.all(Array.from(counted, (each) => this.#counter(each)));
    // From here to the reservation nothing may wait: that is what makes the limit exact.
    const name = object.metadata.name ?? "";
    const home = homeOf(object);
    for (const quota of quotas) {
      const demands = limited.map((key) => ({
        key,
        requested: 1,
        used: this.#countOf(key, quota, { resource, home, name }),
      }));
      refuse(request, name, findExceeded(quota, demands));
    }
    if (dryRun) return;
    this.#open.get(resource)?.reserve(home, name);
    this.#reserved.add(object);
  }

  /** Lets go of what a request had reserved, unless it was stored. */
  settle(request: AdmissionRequest, outcome: "stored" | "failed" | "unknown"): void {
    const { object, gvr } = request;
    if (!object || !this.#reserved.delete(object) || outcome !== "failed") return;
    const counter = this.#open.get(`${gvr.resource}.${gvr.group}`);
    counter?.release(homeOf(object), object.metadata.name ?? "");
  }

  #tenantOf(
    { namespace }: AdmissionRequest,
    object: KubernetesObject,
  ): ReturnType<typeof tenantOf> {
    const home = namespace === "" ? object : this.#lookups().namespace(namespace);
    return tenantOf(home?.metadata.labels);
  }

  #countOf(
    key: string,
    quota: TenantQuota,
    created: { readonly resource: string; readonly home: string; readonly name: string },
  ): number {
    const namespaces = this.#lookups()
      .namespaces()
      .filter(({ metadata }) => limitsTenant(quota, tenantOf(metadata.labels)))
      .map(({ metadata }) => metadata.name ?? "");
    let sum = 0;
    for (const resource of this.#resourcesOf(key)) {
      const counter = this.#open.get(resource);
      if (!counter) continue;
      for (const home of [...namespaces, ...tenantHomes(counter, quota)]) {
        const isOwn = resource === created.resource && home === created.home;
        sum += counter.countWithout(home, isOwn ? created.name : "");
      }
    }
    return sum;
  }

  #resourcesOf(key: string): readonly string[] {
    if (key !== federatedObjectsKey) return [key.slice("count/".length)];
    return this.#lookups()
      .typeConfigs()
      .map(
        ({ spec: { federatedType } }) => `${federatedType.pluralName}.${federatedType.group ?? ""}`,
      );
  }

  async #counter(resource: string): Promise<void> {
    const known = this.#counters.get(resource);
    if (known) {
      await known;
      return;
    }
    const scope = scopeOf(resource);
    const opening = ObjectCounter.open(this.#lookups().objects, scope, this.#nowMs);
    this.#counters.set(resource, opening);
    try {
      this.#open.set(resource, await opening);
    } catch (error) {
      this.#counters.delete(resource);
      throw error;
    }
  }

  // What labels of clusters select later on is not limited: only writes are judged.
  #checkMembers(
    request: AdmissionRequest,
    object: KubernetesObject,
    quotas: readonly TenantQuota[],
  ): void {
    if (quotas.every((quota) => hardLimit(quota, membersPerObjectKey) === undefined)) return;
    const requested = this.#membersOf(request, object);
    const { oldObject } = request;
    if (oldObject && requested <= this.#membersOf(request, oldObject)) return;
    const demand: QuotaDemand = { key: membersPerObjectKey, requested, used: 0 };
    for (const quota of quotas) {
      refuse(request, object.metadata.name ?? "", findExceeded(quota, [demand]));
    }
  }

  #membersOf(request: AdmissionRequest, object: KubernetesObject): number {
    const lookups = this.#lookups();
    const declared = new Map(
      Array.from(lookups.topologyTypes(), ([type, { over }]) => [type, over]),
    );
    const outcome = computePlacement({
      object: toClusterView(object),
      clusters: lookups.clusters(),
      over: membersOfType(topologyTypeOf(object), declared),
      tenant: this.#tenantOf(request, object),
      isolation: lookups.isolation(),
      namespaceLimit: { kind: "none" },
    });
    if (outcome.kind === "failed") return 0;
    return outcome.placement.placed.size + outcome.placement.missing.size;
  }
}

function guardOf({ metadata }: TenantQuota): string {
  return `tenantquotas/${metadata.name ?? ""}`;
}

/** Whether a resource is counted besides federated kinds. */
export function isCountedCell({ gvr }: Pick<AdmissionRequest, "gvr">): boolean {
  return `${gvr.resource}.${gvr.group}` === cellsResource;
}

/** Where cluster-scoped objects count that the quota limits. */
function tenantHomes(counter: ObjectCounter, quota: TenantQuota): readonly string[] {
  return Array.from(counter.homes()).filter((home) => {
    const [tenant = "", workspaceGroup] = home.split("/");
    return workspaceGroup !== undefined && limitsTenant(quota, { tenant, workspaceGroup });
  });
}

function scopeOf(resource: string): ObjectScope {
  const dot = resource.indexOf(".");
  return { group: resource.slice(dot + 1), resource: resource.slice(0, dot) };
}

function refuse({ gvr }: AdmissionRequest, name: string, why: string | undefined): void {
  if (why === undefined) return;
  throw forbidden({ group: gvr.group, resource: gvr.resource, name }, why);
}
