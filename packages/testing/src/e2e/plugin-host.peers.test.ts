import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import type { ControllerManagerProcess } from "./controller-manager-process.ts";
import { PluginFixture, specOf, specPatch } from "./plugin-fixture.ts";
import { cellNames, cellNamespace, cells, federatedConfigMap, namespace } from "./tenant.ts";
import { topologyRows } from "./topology-rows.ts";
import { findObject, type ObjectPlace, waitFor, waitForObject, waitUntilGone } from "./wait-for.ts";

const configMapsIn = (version: string): ResourcePath => ({
  group: "types.kubefed.io",
  version,
  resource: "federatedconfigmaps",
  namespace,
});
const topologyView = configMapsIn("v1beta2");
const clusterView = configMapsIn("v1beta1");

describe("a controller manager as a plug-in to Kubernetes' own API server", () => {
  let fixture: PluginFixture;
  let manager: ControllerManagerProcess;
  before(async () => {
    fixture = await PluginFixture.open();
    manager = await fixture.startManager();
    await manager.waitForOutput(/promoted as leader/);
    await fixture.join();
  });
  after(async () => {
    await manager[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const place = (name: string): ObjectPlace => ({
    client: fixture.client,
    path: topologyView,
    name,
  });
  const waitForRows = (name: string, rows: Readonly<Record<string, string>>): Promise<unknown> =>
    waitForObject(place(name), topologyRows, rows);
  const everywhere = (words: string): Readonly<Record<string, string>> =>
    Object.fromEntries(cellNames.map((name) => [name, words]));
  const inCell = (cell: string, name: string): ObjectPlace => ({
    client: fixture.memberClient(cells[cell] ?? ""),
    path: { group: "", version: "v1", resource: "configmaps", namespace: cellNamespace(cell) },
    name,
  });
  const valueIn = async (cell: string, name: string): Promise<unknown> =>
    ((await findObject(inCell(cell, name)))?.["data"] as { readonly value?: string } | undefined)
      ?.value;
  const setValue = (path: ResourcePath, name: string, value: string): Promise<unknown> =>
    fixture.client.patch(path, name, specPatch({ template: { data: { value } } }));

  it("spreads what is written in the topology view, and shows both views", async () => {
    await fixture.client.create(topologyView, federatedConfigMap("views", "one"));
    await waitForRows("views", everywhere("1"));
    const [byTopology, byCluster] = await Promise.all([
      fixture.client.get(topologyView, "views"),
      fixture.client.get(clusterView, "views"),
    ]);
    const topologies = cellNames.map((name) => ({ name }));
    deepEqual(specOf(byTopology)["placement"], { topologies });
    const clusters = cellNames.map((name) => ({ name: `${namespace}.${name}` }));
    deepEqual(specOf(byCluster)["placement"], { clusters });
    const { items } = await fixture.client.list(topologyView);
    deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["views"],
    );
    equal(await valueIn("rz01b", "views"), "one");
  });

  it("takes an edit of either view, and holds what a mask leaves out", async () => {
    const mask = { placementMask: { topologies: [{ name: "rz00a" }] } };
    const spec = { ...mask, template: { data: { value: "two" } } };
    await fixture.client.patch(topologyView, "views", specPatch(spec));
    const held = "1 Held behind 1";
    await waitForRows("views", { rz00a: "2", rz01a: held, rz00b: held, rz01b: held });
    deepEqual(specOf(await fixture.client.get(clusterView, "views"))["placementMask"], {
      clusters: [{ name: `${namespace}.rz00a` }],
    });
    deepEqual([await valueIn("rz00a", "views"), await valueIn("rz00b", "views")], ["two", "one"]);
    const clusters = ["rz00a", "rz00b"].map((name) => ({ name: `${namespace}.${name}` }));
    await fixture.client.patch(clusterView, "views", specPatch({ placementMask: { clusters } }));
    await waitForRows("views", { rz00a: "2", rz00b: "2", rz01a: held, rz01b: held });
    const found = await fixture.client.get(topologyView, "views");
    deepEqual(specOf(found)["placementMask"], {
      topologies: [{ name: "rz00a" }, { name: "rz00b" }],
    });
  });

  it("brings the status of members back", async () => {
    const path = { ...topologyView, resource: "federateddeployments" };
    const template = {
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "web", image: "web:1" }] },
        },
      },
    };
    const object = federatedConfigMap("web", "");
    await fixture.client.create(path, {
      ...object,
      kind: "FederatedDeployment",
      spec: { ...specOf(object), template },
    });
    const ready = ({ status }: KubernetesObject): readonly unknown[] =>
      (
        (status as { readonly topologies?: readonly RemoteEntry[] } | undefined)?.topologies ?? []
      ).map(({ remoteStatus }) => remoteStatus?.readyReplicas);
    const where = { client: fixture.client, path, name: "web" };
    await waitForObject(where, ready, [1, 1, 1, 1]);
    await fixture.client.delete(path, "web");
    await waitUntilGone(where);
  });

  it("deletes everywhere, and clears away the ledger and revisions", async () => {
    await fixture.client.create(topologyView, federatedConfigMap("gone", "one"));
    await waitForRows("gone", everywhere("1"));
    await fixture.client.delete(topologyView, "gone");
    await waitUntilGone(place("gone"));
    for (const cell of cellNames) equal(await findObject(inCell(cell, "gone")), undefined);
    const ledgers = {
      group: "core.kubefed.io",
      version: "v1alpha1",
      resource: "propagatedversions",
      namespace,
    };
    await waitUntilGone({ client: fixture.client, path: ledgers, name: "configmap-gone" });
  });

  it("goes on after SIGKILL with what was written meanwhile", async () => {
    await fixture.client.create(topologyView, federatedConfigMap("killed", "one"));
    await waitForRows("killed", everywhere("1"));
    await manager.end("SIGKILL");
    // Nobody converts now: the stored view can be written, the other one says why it cannot be read.
    await setValue(clusterView, "killed", "two");
    await rejects(fixture.client.get(topologyView, "killed"), /conversion webhook .* failed/);
    manager = await fixture.startManager();
    await manager.waitForOutput(/promoted as leader/);
    await waitFor("the value everywhere", async () => {
      const values = await Promise.all(cellNames.map((cell) => valueIn(cell, "killed")));
      return values.every((value) => value === "two") ? true : undefined;
    });
    // The host's cache of this view begins anew after a failed conversion, so it cannot be watched yet.
    await waitFor("the rows", async () => {
      const rows = await fixture.client.get(topologyView, "killed").then(topologyRows, () => ({}));
      return isDeepStrictEqual(rows, everywhere("2")) ? true : undefined;
    });
  });

  it("lets a second one wait for the lock, and take over from a killed one", async () => {
    const second = await fixture.startManager();
    await second.waitForOutput(/waiting for the lock/);
    await manager.end("SIGKILL");
    await second.waitForOutput(/promoted as leader/);
    manager = second;
    await fixture.client.create(topologyView, federatedConfigMap("taken-over", "one")).catch(
      // The host still asks the first one for conversions until the second has told it.
      () => waitFor("conversions", () => createWhenConverted("taken-over")),
    );
    await waitForRows("taken-over", everywhere("1"));
  });

  it("ends with an error, and writes nothing, once it has slept through its lease", async () => {
    const sleeper = manager;
    const second = await fixture.startManager();
    manager = second;
    await second.waitForOutput(/waiting for the lock/);
    sleeper.pause();
    await second.waitForOutput(/promoted as leader/);
    sleeper.unpause();
    equal(await sleeper.waitForEnd(), 1);
    match(await sleeper.waitForOutput(/lost lease/), /lost lease/);
  });

  it("lets go of the lock when it is stopped", async () => {
    equal(await manager.end("SIGTERM"), 0, manager.output.slice(-4000));
    const startedMs = performance.now();
    manager = await fixture.startManager();
    await manager.waitForOutput(/promoted as leader/);
    equal(performance.now() - startedMs < 30_000, true);
  });

  async function createWhenConverted(name: string): Promise<true | undefined> {
    try {
      await fixture.client.create(topologyView, federatedConfigMap(name, "one"));
      return true;
    } catch {
      return undefined;
    }
  }
});

interface RemoteEntry {
  readonly remoteStatus?: { readonly readyReplicas?: number };
}
