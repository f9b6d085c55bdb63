import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  isStatus,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  runJsonPatch,
} from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { findObject, waitFor } from "../wait-for.ts";
import type { FixtureOverride, KubefedFixture } from "./fixtures.ts";

const managedLabel = "kubefed.io/managed";

/** Where a lifecycle is run. */
export interface CrudSite {
  readonly host: RestClient;
  /** Members by cluster name; the first is the one with overrides. */
  readonly members: ReadonlyMap<string, RestClient>;
  /** Of the federated objects; what is cluster-scoped has none. */
  readonly namespace: string;
}

interface ClusterOverrides {
  readonly clusterName: string;
  readonly clusterOverrides: readonly FixtureOverride[];
}

/**
 * One federated object through its life, as KubeFed's CRUD tester checks it (reference §5.3),
 * through KubeFed's own version of the API.
 */
export class CrudTester {
  readonly name: string;
  readonly #site: CrudSite;
  readonly #fixture: KubefedFixture;
  readonly #path: ResourcePath;

  constructor(site: CrudSite, fixture: KubefedFixture, federatedPlural: string) {
    this.#site = site;
    this.#fixture = fixture;
    const isNamespace = fixture.kind === "Namespace";
    this.name = isNamespace ? site.namespace : `test-e2e-${fixture.kind.toLowerCase()}`;
    const isFederatedNamespaced = fixture.isNamespaced || isNamespace;
    this.#path = {
      group: "types.kubefed.io",
      version: "v1beta1",
      resource: federatedPlural,
      ...(isFederatedNamespaced ? { namespace: site.namespace } : {}),
    };
  }

  /** Step 1 and 2: it is in every cluster, with its overrides in the first. */
  async create(): Promise<void> {
    const clusters = Array.from(this.#site.members.keys());
    const { overrides } = this.#fixture;
    const [first = ""] = clusters;
    await this.#site.host.create(this.#path, {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: `Federated${this.#fixture.kind}`,
      metadata: {
        name: this.name,
        ...(this.#path.namespace === undefined ? {} : { namespace: this.#path.namespace }),
      },
      spec: {
        template: this.#fixture.template,
        placement: { clusters: clusters.map((name) => ({ name })) },
        ...(overrides ? { overrides: [{ clusterName: first, clusterOverrides: overrides }] } : {}),
      },
    } as KubernetesObject);
    await this.checkPropagation();
  }

  /** Step 4: one more override for every cluster, without `op`. */
  async update(): Promise<void> {
    const labels = { "crudtester-operation": "update", [managedLabel]: "true" };
    await this.#edit((spec) => {
      const before = (spec["overrides"] ?? []) as unknown as readonly ClusterOverrides[];
      const overrides = Array.from(this.#site.members.keys(), (clusterName) => ({
        clusterName,
        clusterOverrides: [
          ...(before.find((each) => each.clusterName === clusterName)?.clusterOverrides ?? []),
          { path: "/metadata/labels", value: labels },
        ],
      }));
      return { ...spec, overrides: overrides as unknown as JsonValue };
    });
    await this.checkPropagation();
  }

  /** Step 5: the first cluster leaves placement. */
  async leaveFirstCluster(): Promise<void> {
    const [, ...others] = this.#site.members.keys();
    await this.#edit((spec) => ({
      ...spec,
      placement: { clusters: others.map((name) => ({ name })) },
    }));
    await this.checkPropagation();
  }

  /** Step 6: it is gone everywhere; with `orphan`, the copies stay and are nobody's. */
  async delete(mode: "delete" | "orphan" = "delete"): Promise<void> {
    const { host } = this.#site;
    const placed = this.#placed(await host.get(this.#path, this.name));
    if (mode === "orphan") {
      const body = { metadata: { annotations: { "kubefed.io/orphan": "true" } } };
      await host.patch(this.#path, this.name, { type: "merge", body });
    }
    await host.delete(this.#path, this.name);
    await waitFor(`${this.#path.resource}/${this.name} to be gone`, async () =>
      (await findObject({ client: host, path: this.#path, name: this.name })) ? undefined : true,
    );
    for (const cluster of placed) {
      const live = await this.inCluster(cluster);
      if (mode === "delete") equal(live, undefined, `${this.name} is still in ${cluster}`);
      else {
        ok(live, `${this.name} is gone from ${cluster}`);
        equal(live.metadata.labels?.[managedLabel], undefined);
      }
    }
  }

  /** Step 2: members, ledger and status tell the same. */
  async checkPropagation(): Promise<KubernetesObject> {
    return waitFor(`${this.#path.resource}/${this.name} to be propagated`, async () => {
      const object = await this.#site.host.get(this.#path, this.name);
      if (!isSettled(object)) return undefined;
      const placed = this.#placed(object);
      for (const cluster of this.#site.members.keys()) {
        if (placed.includes(cluster)) await this.#checkPresent(object, cluster);
        else await this.#checkAbsent(cluster);
      }
      return object;
    });
  }

  /** The copy in one cluster. */
  inCluster(cluster: string): Promise<KubernetesObject | undefined> {
    const client = this.#member(cluster);
    const { target, isNamespaced } = this.#fixture;
    const path = isNamespaced ? { ...target, namespace: this.#site.namespace } : target;
    return findObject({ client, path, name: this.name });
  }

  /** KubeFed's PropagatedVersion of the object. */
  async versions(): Promise<VersionStatus> {
    const { namespace } = this.#path;
    const path = {
      group: "core.kubefed.io",
      version: "v1alpha1",
      resource: namespace === undefined ? "clusterpropagatedversions" : "propagatedversions",
      ...(namespace === undefined ? {} : { namespace }),
    };
    const name = `${this.#fixture.kind.toLowerCase()}-${this.name}`;
    return (await this.#site.host.get(path, name))["status"] as unknown as VersionStatus;
  }

  async #checkPresent(object: KubernetesObject, cluster: string): Promise<void> {
    const spec = object["spec"] as JsonObject;
    const status = await this.versions();
    equal(status.templateVersion, templateVersion(spec["template"]));
    equal(status.overridesVersion, overridesVersion(spec["overrides"]));
    const live = await this.inCluster(cluster);
    ok(live, `${this.name} is not in ${cluster}`);
    const recorded = status.clusterVersions?.find((each) => each.clusterName === cluster)?.version;
    notEqual(recorded, "");
    // A member's controllers may have written to it since; only KubeFed's form is asked for then.
    ok(/^(gen|rv):\d+$/.test(recorded ?? ""), `version of ${cluster}: ${recorded}`);
    equal(live.metadata.labels?.[managedLabel], "true");
    const overrides = (spec["overrides"] ?? []) as unknown as readonly ClusterOverrides[];
    const own =
      overrides.find(({ clusterName }) => clusterName === cluster)?.clusterOverrides ?? [];
    const again = runJsonPatch(
      live as unknown as JsonValue,
      own.map(({ path, value }) => ({ op: "replace", path, value })),
    );
    ok(again.kind === "patched");
    const { labels } = (again.document as unknown as KubernetesObject).metadata;
    deepEqual({ ...live.metadata.labels, ...labels }, live.metadata.labels);
  }

  async #checkAbsent(cluster: string): Promise<void> {
    equal(await this.inCluster(cluster), undefined);
    const { clusterVersions = [] } = await this.versions();
    equal(
      clusterVersions.find(({ clusterName }) => clusterName === cluster),
      undefined,
    );
  }

  #placed(object: KubernetesObject): readonly string[] {
    const { placement } = object["spec"] as {
      readonly placement: { readonly clusters: readonly { readonly name: string }[] };
    };
    return placement.clusters.map(({ name }) => name);
  }

  #member(cluster: string): RestClient {
    const client = this.#site.members.get(cluster);
    if (!client) throw new Error(`Cannot find a member "${cluster}"`);
    return client;
  }

  async #edit(change: (spec: JsonObject) => JsonObject): Promise<void> {
    for (;;) {
      const current = await this.#site.host.get(this.#path, this.name);
      try {
        const spec = change(current["spec"] as JsonObject);
        await this.#site.host.update(this.#path, { ...current, spec });
        return;
      } catch (error) {
        if (!isStatus(error, "Conflict")) throw error;
      }
    }
  }
}

/** `status` of a PropagatedVersion, as KubeFed has it. */
export interface VersionStatus {
  readonly templateVersion: string;
  readonly overridesVersion: string;
  readonly clusterVersions?: readonly { readonly clusterName: string; readonly version: string }[];
}

function isSettled(object: KubernetesObject): boolean {
  const { observedGeneration, conditions, clusters } = (object["status"] ?? {}) as {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly clusters?: readonly { readonly status?: string }[];
  };
  const propagation = conditions?.find(({ type }) => type === "Propagation")?.status;
  return (
    observedGeneration === object.metadata.generation &&
    propagation === "True" &&
    (clusters ?? []).every(({ status }) => status === undefined)
  );
}

/** The reference's vector: md5 of the JSON with sorted keys and a line feed. */
function templateVersion(template: JsonValue | undefined): string {
  return template === undefined ? "" : md5(`${sorted(template)}\n`);
}

function overridesVersion(overrides: JsonValue | undefined): string {
  if (overrides === undefined) return md5(`{"overrides":null}\n`);
  const plain = (overrides as unknown as readonly ClusterOverrides[]).map(
    ({ clusterName, clusterOverrides }) => {
      const items = clusterOverrides.map(
        ({ path, value }) => `{"path":${JSON.stringify(path)},"value":${sorted(value)}}`,
      );
      return `{"clusterName":${JSON.stringify(clusterName)},"clusterOverrides":[${items.join(",")}]}`;
    },
  );
  return md5(`{"overrides":[${plain.join(",")}]}\n`);
}

function sorted(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${sorted(object[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
