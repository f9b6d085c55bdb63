import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { cellNamespace, federated, federatedDeployment, namespace } from "../e2e/tenant.ts";
import { findObject, type ObjectPlace, waitFor, waitForObject } from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";

const inNamespace = (group: string, version: string, resource: string): ResourcePath => ({
  group,
  version,
  resource,
  namespace,
});
const federatedDeployments = inNamespace("types.kubefed.io", "v1beta2", "federateddeployments");
const preferences = inNamespace(
  "scheduling.kubefed.io",
  "v1alpha1",
  "replicaschedulingpreferences",
);
const cellsPath = inNamespace("cellplane.io", "v1alpha1", "cells");

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  const { client } = federation.controlPlane;
  await client.patch(
    { group: "core.kubefed.io", version: "v1beta1", resource: "kubefedconfigs", namespace: system },
    "kubefed",
    {
      type: "merge",
      body: {
        spec: {
          clusterHealthCheck: { period: "1s", timeout: "500ms", failureThreshold: 1 },
          controllerDuration: { unavailableDelay: "100ms" },
        },
      },
    },
  );
  await federation.join();
  await federation.makeCells();
});
after(() => federation[Symbol.asyncDispose]());

const system = "kube-federation-system";
const twoCells = ["rz00a", "rz01a"] as const;

const place = (name: string): ObjectPlace => ({
  client: federation.controlPlane.client,
  path: federatedDeployments,
  name,
});

/** `{rz00a: 2}`: what the object gives to each topology in placement. */
function scheduled(object: KubernetesObject): Readonly<Record<string, unknown>> {
  const { placement, overrides = [] } = object["spec"] as unknown as {
    readonly placement: { readonly topologies?: readonly { readonly name: string }[] };
    readonly overrides?: readonly {
      readonly topologyName: string;
      readonly source?: string;
      readonly topologyOverrides: readonly { readonly path: string; readonly value: unknown }[];
    }[];
  };
  const given = new Map(
    overrides.map((each) => [each.topologyName, each.topologyOverrides[0]?.value]),
  );
  return Object.fromEntries(
    (placement.topologies ?? []).map(({ name }) => [name, given.get(name)]),
  );
}

async function prefer(name: string, spec: JsonObject): Promise<void> {
  await federation.controlPlane.client.create(preferences, {
    apiVersion: "scheduling.kubefed.io/v1alpha1",
    kind: "ReplicaSchedulingPreference",
    metadata: { name, namespace },
    spec: { targetKind: "FederatedDeployment", ...spec },
  });
}

const create = (name: string, spec: object = {}, cells: readonly string[] = ["rz00a", "rz01a"]) =>
  federation.controlPlane.client.create(
    federatedDeployments,
    federatedDeployment(name, "app:1", { cells, spec }),
  );

const change = (path: ResourcePath, name: string, spec: object): Promise<KubernetesObject> =>
  federation.controlPlane.client.patch(path, name, { type: "merge", body: { spec } });

async function replicasIn(cell: string, name: string): Promise<unknown> {
  const path = { group: "apps", version: "v1", resource: "deployments" };
  const { items } = await federation.member.client.list(path);
  const found = items.find(
    ({ metadata }) => metadata.name === name && metadata.namespace === `${namespace}-${cell}`,
  );
  return (found?.["spec"] as { readonly replicas?: number } | undefined)?.replicas;
}

const waitForReplicas = (cell: string, name: string, replicas: number): Promise<true> =>
  waitFor(`${replicas} replicas of ${name} in ${cell}`, async () =>
    (await replicasIn(cell, name)) === replicas ? true : undefined,
  );

function scheduledCondition(object: KubernetesObject): string {
  const { conditions = [] } = (object["status"] ?? {}) as {
    readonly conditions?: readonly { readonly status: string; readonly reason: string }[];
  };
  return conditions.map(({ status, reason }) => `${status} ${reason}`).join();
}

const waitForCondition = (name: string, expected: string): Promise<KubernetesObject> =>
  waitForObject(
    { client: federation.controlPlane.client, path: preferences, name },
    scheduledCondition,
    expected,
  );

/** A pod of a ReplicaSet, which runs or has found no node for two minutes. */
function pod(app: string, name: string, state: "running" | "unschedulable"): KubernetesObject {
  const lastTransitionTime = new Date(Date.now() - 120_000).toISOString().replace(/\.\d+/, "");
  const conditions =
    state === "running"
      ? [{ type: "Ready", status: "True", lastTransitionTime }]
      : [{ type: "PodScheduled", status: "False", reason: "Unschedulable", lastTransitionTime }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app } },
    spec: { containers: [{ name: "app", image: "app:1" }] },
    status: { phase: state === "running" ? "Running" : "Pending", conditions },
  };
}

/** Makes a pod in a cell, with its status. */
async function createPod(cell: string, object: KubernetesObject): Promise<void> {
  const path: ResourcePath = {
    group: "",
    version: "v1",
    resource: "pods",
    namespace: cellNamespace(cell),
  };
  const { client } = federation.member;
  await client.create(path, object);
  const body = { status: object["status"] ?? {} };
  const patch = { type: "merge", body, subresource: "status" } as const;
  await client.patch(path, object.metadata.name ?? "", patch);
}

describe("a ReplicaSchedulingPreference", () => {
  it("counts the pods of a FederatedReplicaSet, and gives a full cell no more than it can run", async () => {
    const { client } = federation.controlPlane;
    const name = "crowded";
    const path = { ...federatedDeployments, resource: "federatedreplicasets" };
    const labels = { app: name };
    const template = {
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name, image: "app:1" }] } },
      },
    };
    await client.create(path, federated("ReplicaSet", name, { template, cells: twoCells }));
    const setsIn = (cell: string): ResourcePath => ({
      group: "apps",
      version: "v1",
      resource: "replicasets",
      namespace: cellNamespace(cell),
    });
    for (const cell of twoCells) {
      await waitFor(`the ReplicaSet in ${cell}`, () =>
        findObject({ client: federation.member.client, path: setsIn(cell), name }),
      );
    }
    await createPod("rz00a", pod(name, "runs", "running"));
    await createPod("rz00a", pod(name, "waits-1", "unschedulable"));
    await createPod("rz00a", pod(name, "waits-2", "unschedulable"));
    // Held, so that what is counted stays as it is: no controller of ReplicaSets runs there.
    await change(path, name, { placementMask: { topologies: [] } });
    await prefer(name, { targetKind: "FederatedReplicaSet", totalReplicas: 6 });
    await waitForObject({ client, path, name }, scheduled, { rz00a: 1, rz01a: 5 });
    await waitForCondition(name, "True Scheduled");
    // With the rights that joining gave, and of this set alone.
    const listed = `/api/v1/namespaces/${cellNamespace("rz00a")}/pods?`;
    const request = federation.requests.find((line) => line.startsWith(`GET ${listed}`)) ?? "";
    match(decodeURIComponent(request), /labelSelector=app=crowded/);
    deepEqual(scheduled(await client.get(path, name)), { rz00a: 1, rz01a: 5 });
    await client.delete(preferences, name);
    await client.delete(path, name);
  });

  it("spreads evenly over cells, makes no revision for it, and takes it back with itself", async () => {
    await create("even");
    await prefer("even", { totalReplicas: 4 });
    await waitForObject(place("even"), scheduled, { rz00a: 2, rz01a: 2 });
    await waitForCondition("even", "True Scheduled");
    await change(preferences, "even", { totalReplicas: 8, rebalance: true });
    await waitForObject(place("even"), scheduled, { rz00a: 4, rz01a: 4 });
    await Promise.all(["rz00a", "rz01a"].map((cell) => waitForReplicas(cell, "even", 4)));
    const settled = await federation.controlPlane.client.get(federatedDeployments, "even");
    equal((settled["status"] as { readonly currentRevision?: number }).currentRevision, 1);
    await federation.controlPlane.client.delete(preferences, "even");
    await waitForObject(place("even"), scheduled, { rz00a: undefined, rz01a: undefined });
    await waitForReplicas("rz00a", "even", 2);
  });

  it("goes by weights, minimums and the object's selector", async () => {
    await create("weights");
    const weights = { rz00a: { weight: 2 }, rz01a: { weight: 1 } };
    await prefer("weights", { totalReplicas: 6, clusters: weights, rebalance: true });
    await waitForObject(place("weights"), scheduled, { rz00a: 4, rz01a: 2 });
    const minimums = {
      rz00a: { weight: 2, minReplicas: 3 },
      rz01a: { weight: 1, minReplicas: 3 },
    };
    await change(preferences, "weights", { clusters: minimums });
    await waitForObject(place("weights"), scheduled, { rz00a: 3, rz01a: 3 });

    await federation.controlPlane.client.patch(cellsPath, "rz00a", {
      type: "merge",
      body: { metadata: { labels: { foo: "bar" } } },
    });
    const placement = { topologySelector: { matchLabels: { foo: "bar" } } };
    await create("selected", { placement });
    await prefer("selected", { totalReplicas: 6, intersectWithClusterSelector: true });
    await waitForObject(place("selected"), scheduled, { rz00a: 6 });
  });

  it("leaves held cells as they are; a released mask brings their replicas", async () => {
    await create("held", { placementMask: { topologies: [{ name: "rz00a" }] } });
    await prefer("held", { totalReplicas: 6, rebalance: true });
    await waitForObject(place("held"), scheduled, { rz00a: 3, rz01a: 3 });
    await waitForReplicas("rz00a", "held", 3);
    equal(await replicasIn("rz01a", "held"), undefined);
    await change(federatedDeployments, "held", { placementMask: null });
    await waitForReplicas("rz01a", "held", 3);
  });

  it("says what is wrong, and writes nothing once all is as planned", async () => {
    await prefer("strange", { targetKind: "FederatedConfigMap", totalReplicas: 1 });
    await waitForCondition("strange", "False TargetKindNotSupported");
    await prefer("nothing", { totalReplicas: 1 });
    await waitForCondition("nothing", "False TargetNotFound");
    const { client } = federation.controlPlane;
    const before = await client.get(federatedDeployments, "weights");
    const preference = await waitForCondition("weights", "True Scheduled");
    // Another object's whole way through the same queue.
    await create("later");
    await prefer("later", { totalReplicas: 2 });
    await waitForCondition("later", "True Scheduled");
    const after = await client.get(federatedDeployments, "weights");
    equal(after.metadata.generation, before.metadata.generation);
    const told = await client.get(preferences, "weights");
    equal(told.metadata.resourceVersion, preference.metadata.resourceVersion);
  });

  it("is followed only while its gate is on", async () => {
    const configs = { group: "core.kubefed.io", version: "v1beta1", resource: "kubefedconfigs" };
    const { client } = federation.controlPlane;
    const gate = (configuration: string): Promise<KubernetesObject> =>
      client.patch({ ...configs, namespace: system }, "kubefed", {
        type: "merge",
        body: { spec: { featureGates: [{ name: "SchedulerPreferences", configuration }] } },
      });
    await gate("Disabled");
    await create("gated");
    await waitForReplicas("rz01a", "gated", 2);
    await prefer("gated", { totalReplicas: 6 });
    ok(!(await client.get(preferences, "gated"))["status"]);
    await gate("Enabled");
    await waitForCondition("gated", "True Scheduled");
  });

  it("moves a lost member's replicas to the others, and back if it may", async () => {
    const { client } = federation.controlPlane;
    const clusters = { group: "core.kubefed.io", version: "v1beta1", resource: "kubefedclusters" };
    const inSystem = { ...clusters, namespace: system };
    // The same member by another name, which can be lost by its address alone.
    const { apiVersion = "", kind = "", spec } = await client.get(inSystem, "hz-a");
    const { apiEndpoint } = spec as { readonly apiEndpoint: string };
    const second = { apiVersion, kind, metadata: { name: "hz-b" }, spec: spec as JsonObject };
    await client.create(inSystem, second);
    await client.create(cellsPath, {
      apiVersion: "cellplane.io/v1alpha1",
      kind: "Cell",
      metadata: { name: "rz02b", namespace },
      spec: { clusterRef: { name: "hz-b" } },
    });
    const two = { rz00a: { weight: 1 }, rz02b: { weight: 1 } };
    await create("moving", {}, ["rz00a"]);
    await prefer("moving", { totalReplicas: 4, clusters: two, rebalance: true });
    await waitForObject(place("moving"), scheduled, { rz00a: 2, rz02b: 2 });
    await waitForReplicas("rz02b", "moving", 2);
    await change(inSystem, "hz-b", { apiEndpoint: "https://127.0.0.1:1" });
    // What was given to the lost one stays: nothing is removed from it.
    await waitForObject(place("moving"), scheduled, { rz00a: 4, rz02b: 2 });
    await waitForReplicas("rz00a", "moving", 4);
    await change(inSystem, "hz-b", { apiEndpoint });
    await waitForObject(place("moving"), scheduled, { rz00a: 2, rz02b: 2 });
    await waitForReplicas("rz00a", "moving", 2);
    await waitForReplicas("rz02b", "moving", 2);
  });
});
