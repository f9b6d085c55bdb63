import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { namespace, tenantObjects } from "../e2e/tenant.ts";
import {
  findObject,
  type ObjectPlace,
  waitFor,
  waitForObject,
  waitUntilGone,
} from "../e2e/wait-for.ts";
import { Federation, memberName } from "./federation.suite.ts";

const system = "kube-federation-system";
const core = (resource: string): ResourcePath => ({
  group: "core.kubefed.io",
  version: "v1beta1",
  resource,
  namespace: system,
});
const federatedIn = (home: string, resource = "federatedconfigmaps"): ResourcePath => ({
  group: "types.kubefed.io",
  version: "v1beta1",
  resource,
  namespace: home,
});
const configMapsIn = (home: string): ResourcePath => ({
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace: home,
});

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.stop();
  const { client } = federation.controlPlane;
  // The scope of a config cannot be changed, so a control plane gets it with its config.
  await client.delete(core("kubefedconfigs"), "kubefed");
  const clusterHealthCheck = { period: "1s", timeout: "2s", failureThreshold: 3 };
  await client.create(core("kubefedconfigs"), {
    apiVersion: "core.kubefed.io/v1beta1",
    kind: "KubeFedConfig",
    metadata: { name: "kubefed", namespace: system },
    spec: { scope: "Namespaced", clusterHealthCheck },
  });
  for (const object of tenantObjects()) {
    if (object["kind"] === "Namespace") {
      await client.create({ group: "", version: "v1", resource: "namespaces" }, object);
    }
  }
  await federation.start();
  await federation.join();
});
after(() => federation[Symbol.asyncDispose]());

const configMap = (name: string, home: string): KubernetesObject => ({
  apiVersion: "types.kubefed.io/v1beta1",
  kind: "FederatedConfigMap",
  metadata: { name, namespace: home },
  spec: { template: { data: { a: "b" } }, placement: { clusters: [{ name: memberName }] } },
});

const inMember = (name: string, home: string = system): ObjectPlace => ({
  client: federation.member.client,
  path: configMapsIn(home),
  name,
});

const waitUntilThere = (place: ObjectPlace): Promise<KubernetesObject> =>
  waitFor(`${place.path.resource}/${place.name} to be there`, () => findObject(place));

function propagationOf(object: KubernetesObject): unknown {
  const { conditions = [] } = (object["status"] ?? {}) as {
    readonly conditions?: readonly Readonly<Record<string, string>>[];
  };
  return conditions.find((each) => each["type"] === "Propagation")?.["status"];
}

const priorityClasses = {
  propagation: "Enabled",
  targetType: {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    pluralName: "priorityclasses",
    scope: "Cluster",
  },
  federatedType: {
    group: "types.kubefed.io",
    version: "v1beta1",
    kind: "FederatedPriorityClass",
    pluralName: "federatedpriorityclasses",
    scope: "Cluster",
  },
};

const limit = (placement: JsonObject): KubernetesObject => ({
  apiVersion: "types.kubefed.io/v1beta1",
  kind: "FederatedNamespace",
  metadata: { name: system, namespace: system },
  spec: { placement },
});

describe("a control plane of the scope Namespaced", () => {
  it("runs no type whose targets belong to a whole cluster, and says so", async () => {
    const stateOf = (object: KubernetesObject): unknown => {
      const status = object["status"] as JsonObject | undefined;
      return [
        status?.["observedGeneration"] === object.metadata.generation,
        status?.["propagationController"],
        status?.["statusController"],
      ];
    };
    const { client } = federation.controlPlane;
    await client.create(core("federatedtypeconfigs"), {
      apiVersion: "core.kubefed.io/v1beta1",
      kind: "FederatedTypeConfig",
      metadata: { name: "priorityclasses.scheduling.k8s.io", namespace: system },
      spec: priorityClasses,
    });
    for (const [name, state] of [
      ["configmaps", "Running"],
      ["namespaces", "NotRunning"],
      ["priorityclasses.scheduling.k8s.io", "NotRunning"],
    ] as const) {
      const place = { client, path: core("federatedtypeconfigs"), name };
      await waitForObject(place, stateOf, [true, state, state]);
    }
  });

  it("has rights in members in the system namespace alone", async () => {
    const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };
    const { client } = federation.member;
    const { items: roles } = await client.list({ ...rbac, resource: "roles", namespace: system });
    const own = roles.find(({ metadata }) => metadata.name?.endsWith(memberName));
    const clusterRole = await client.get(
      { ...rbac, resource: "clusterroles" },
      own?.metadata.name ?? "",
    );
    const rules = clusterRole["rules"] as unknown as readonly JsonObject[];
    deepEqual(
      rules.map((rule) => Object.keys(rule).toSorted()),
      [["nonResourceURLs", "verbs"]],
    );
  });

  it("federates the system namespace alone, without a FederatedNamespace", async () => {
    const { client } = federation.controlPlane;
    await client.create(federatedIn(namespace), configMap("elsewhere", namespace));
    await client.create(federatedIn(system), configMap("here", system));
    await waitUntilThere(inMember("here"));
    const here = { client, path: federatedIn(system), name: "here" };
    await waitForObject(here, propagationOf, "True");
    const elsewhere = await client.get(federatedIn(namespace), "elsewhere");
    deepEqual([elsewhere["status"], elsewhere.metadata.finalizers], [undefined, undefined]);
    const { items } = await federation.member.client.list(configMapsIn(namespace));
    deepEqual(items, []);
    // Nobody's finalizer is in the way.
    await client.delete(federatedIn(namespace), "elsewhere");
    await waitUntilGone({ client, path: federatedIn(namespace), name: "elsewhere" });
  });

  it("removes an object from all clusters for an empty placement of the FederatedNamespace", async () => {
    const { client } = federation.controlPlane;
    const limits = federatedIn(system, "federatednamespaces");
    await client.create(federatedIn(system), configMap("limited", system));
    await waitUntilThere(inMember("limited"));
    await client.create(limits, limit({ clusters: [] }));
    await waitUntilGone(inMember("limited"));
    const everywhere = { spec: { placement: { clusters: null, clusterSelector: {} } } };
    await client.patch(limits, system, { type: "merge", body: everywhere });
    await waitUntilThere(inMember("limited"));
    await client.patch(limits, system, {
      type: "merge",
      body: { spec: { placement: { clusters: [] } } },
    });
    await waitUntilGone(inMember("limited"));
    await client.delete(limits, system);
    await waitUntilThere(inMember("limited"));
    // The namespace itself is never propagated.
    const home = await federation.member.client.get(
      { group: "", version: "v1", resource: "namespaces" },
      system,
    );
    equal(home.metadata.labels?.["kubefed.io/managed"], undefined);
    await client.delete(federatedIn(system), "limited");
    await waitUntilGone(inMember("limited"));
  });

  it("sends a member nothing that is not about the system namespace", () => {
    const foreign = federation.requests.filter(
      (request) =>
        !request.includes(`/namespaces/${system}/`) &&
        !/ \/(healthz|version|api|apis)(\/[^/]+){0,2}$/.test(request),
    );
    deepEqual(foreign, []);
  });

  it("refuses cells, what is spread over them, and another scope", async () => {
    const { client } = federation.controlPlane;
    const cell = tenantObjects().find(({ kind }) => kind === "Cell");
    const cells = { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace };
    const words = /cells need a control plane of the scope Cluster/;
    await rejects(client.create(cells, cell ?? { metadata: {} }), words);
    const spread = {
      ...configMap("spread", system),
      apiVersion: "types.kubefed.io/v1beta2",
      spec: { topologyType: "cell", template: {}, placement: { topologies: [] } },
    };
    await rejects(client.create({ ...federatedIn(system), version: "v1beta2" }, spread), words);
    const scope = { type: "merge", body: { spec: { scope: "Cluster" } } } as const;
    await rejects(client.patch(core("kubefedconfigs"), "kubefed", scope), (error: Error) => {
      match(error.message, /field is immutable/);
      return true;
    });
  });
});
