import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { FederationFixture } from "./federation-fixture.ts";
import { specPatch } from "./plugin-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { StockApiServer } from "./stock-api-server.ts";
import { cellNamespace, namespace, tenantObjects } from "./tenant.ts";
import { findObject, type ObjectPlace, waitFor, waitUntilGone } from "./wait-for.ts";

const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const crd: KubernetesObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } },
        },
      },
    ],
  },
};
/** A cell of each member. */
const homes = { own: "hz-a", bare: "stock" } as const;
type CellName = keyof typeof homes;

describe("Kubernetes' own API server as a member", () => {
  let fixture: FederationFixture;
  let stock: StockApiServer;
  before(async () => {
    fixture = await FederationFixture.open();
    stock = await StockApiServer.start(join(fixture.folder, "stock"));
    for (const client of [stock.client, fixture.member("hz-a").client]) {
      await client.create(crds, crd);
    }
    await waitFor("the kind to be served", async () => {
      const answer = await stock.client.raw({
        method: "GET",
        path: "/apis/example.com/v1/widgets",
      });
      return answer.status === 200 ? true : undefined;
    });
  });
  after(async () => {
    await stock[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const control = (): readonly string[] => ["--kubeconfig", fixture.controlPlane.kubeconfig];
  const run = async (args: readonly string[]): Promise<void> => {
    const result = await runCellplane(args);
    equal(result.code, 0, `cellplane ${args.join(" ")}: ${result.stderr}`);
  };
  const joinStock = (types: string): readonly string[] => [
    ...["join", "stock", ...control(), "--member-kubeconfig", stock.kubeconfig],
    ...["--use-member-credential", "--types", types],
  ];
  const clientOf = (cell: CellName): RestClient =>
    cell === "bare" ? stock.client : fixture.member("hz-a").client;
  const inCell = (cell: CellName): ObjectPlace => ({
    client: clientOf(cell),
    path: {
      group: "example.com",
      version: "v1",
      resource: "widgets",
      namespace: cellNamespace(cell),
    },
    name: "w",
  });
  const sizeIn = async (cell: CellName): Promise<unknown> =>
    ((await findObject(inCell(cell)))?.["spec"] as { readonly size?: number } | undefined)?.size;
  const path = (): ResourcePath => fixture.federated("federatedwidgets", "w").path;
  const change = (spec: object): Promise<KubernetesObject> =>
    fixture.controlPlane.client.patch(path(), "w", specPatch(spec));
  const rows = (own: string, bare: string): Promise<KubernetesObject> =>
    fixture.waitForRows("federatedwidgets", "w", { own, bare });

  it("is joined by its own credential, once it serves the kinds that are named", async () => {
    const refused = await runCellplane(joinStock("widgets.example.com,gadgets.example.com"));
    equal(refused.code, 1);
    match(refused.stderr, /does not serve "gadgets\.example\.com" of --types/);
    await run([
      "enable",
      "widgets.example.com",
      ...control(),
      "--member-kubeconfig",
      stock.kubeconfig,
    ]);
    await run(joinStock("widgets.example.com"));
    await fixture.join("hz-a");
    await fixture.waitForCluster("stock", "Ready");
  });

  it("gets what is placed in its cell, though namespaces are no objects there", async () => {
    const { client } = fixture.controlPlane;
    const [home] = tenantObjects();
    await client.create({ group: "", version: "v1", resource: "namespaces" }, home ?? crd);
    const cells = { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace };
    for (const [name, cluster] of Object.entries(homes)) {
      await client.create(cells, {
        apiVersion: "cellplane.io/v1alpha1",
        kind: "Cell",
        metadata: { name, namespace },
        spec: { clusterRef: { name: cluster } },
      });
    }
    await client.create(path(), {
      apiVersion: "types.kubefed.io/v1beta2",
      kind: "FederatedWidget",
      metadata: { name: "w", namespace },
      spec: {
        topologyType: "cell",
        template: { spec: { size: 1 } },
        placement: { topologies: Object.keys(homes).map((name) => ({ name })) },
      },
    });
    await rows("1", "1");
    deepEqual([await sizeIn("own"), await sizeIn("bare")], [1, 1]);
  });

  it("is updated as the mask allows", async () => {
    const placementMask = { topologies: [{ name: "own" }] };
    await change({ template: { spec: { size: 2 } }, placementMask });
    await rows("2", "1 Held behind 1");
    deepEqual([await sizeIn("own"), await sizeIn("bare")], [2, 1]);
    await change({ placementMask: { topologies: [{ name: "bare" }] } });
    await rows("2", "2");
    equal(await sizeIn("bare"), 2);
  });

  it("has its status told by watch", async () => {
    const { client, path: target, name } = inCell("bare");
    await client.patch(target, name, {
      type: "merge",
      body: { status: { phase: "Shiny" } },
      subresource: "status",
    });
    await waitFor("the remote status", async () => {
      const found = await fixture.controlPlane.client.get(path(), "w");
      const { topologies = [] } = (found["status"] ?? {}) as {
        readonly topologies?: readonly {
          readonly name: string;
          readonly remoteStatus?: { readonly phase?: string };
        }[];
      };
      const bare = topologies.find((each) => each.name === "bare");
      return bare?.remoteStatus?.phase === "Shiny" ? true : undefined;
    });
  });

  it("is cleared where the object is deleted", async () => {
    await fixture.controlPlane.client.delete(path(), "w");
    await waitUntilGone(fixture.federated("federatedwidgets", "w"));
    deepEqual([await sizeIn("own"), await sizeIn("bare")], [undefined, undefined]);
  });
});
