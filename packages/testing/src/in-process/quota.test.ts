import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { federatedConfigMap, namespace } from "../e2e/tenant.ts";
import { waitForObject } from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";

const quotas: ResourcePath = {
  group: "cellplane.io",
  version: "v1alpha1",
  resource: "tenantquotas",
};
const configMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};
const cellsPath: ResourcePath = { ...quotas, resource: "cells", namespace };
const key = "count/federatedconfigmaps.types.kubefed.io";

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.join();
  await federation.makeCells();
});
after(() => federation[Symbol.asyncDispose]());

const limit = (hard: object): Promise<KubernetesObject> =>
  federation.controlPlane.client.create(quotas, {
    apiVersion: "cellplane.io/v1alpha1",
    kind: "TenantQuota",
    metadata: { name: "bank" },
    spec: { tenant: "bank", hard: hard as never },
  });
const setLimit = (hard: object): Promise<KubernetesObject> =>
  federation.controlPlane.client.patch(quotas, "bank", { type: "merge", body: { spec: { hard } } });
const create = (name: string): Promise<KubernetesObject> =>
  federation.controlPlane.client.create(configMaps, federatedConfigMap(name, "x", { cells: [] }));
const used = (object: KubernetesObject): unknown =>
  (object["status"] as { readonly used?: unknown } | undefined)?.used;

describe("a TenantQuota", () => {
  it("lets exactly ten of fifty concurrent creations through, and tells what there is", async () => {
    await limit({ [key]: 10 });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => create(`r${at}`)),
    );
    equal(results.filter(({ status }) => status === "fulfilled").length, 10);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      const { message, code } = result.reason as {
        readonly message: string;
        readonly code: number;
      };
      equal(code, 403);
      ok(
        message.endsWith(
          `is forbidden: exceeded quota: bank, requested: ${key}=1, used: ${key}=10, limited: ${key}=10`,
        ),
        message,
      );
    }
    const { client } = federation.controlPlane;
    await waitForObject({ client, path: quotas, name: "bank" }, used, { [key]: "10" });
  });

  it("gives back what a creation that failed had reserved", async () => {
    await setLimit({ [key]: "12" });
    const { client } = federation.controlPlane;
    await create("twice");
    const again = Array.from({ length: 20 }, () => rejects(create("twice"), /already exists/));
    await Promise.all(again);
    await client.create(configMaps, federatedConfigMap("dry", "x", { cells: [] }), {
      dryRun: true,
    });
    await create("last");
    await rejects(create("one-too-many"), /exceeded quota/);
    await client.delete(configMaps, "last");
    await waitForObject({ client, path: quotas, name: "bank" }, used, { [key]: "11" });
    await create("in-its-place");
  });

  it("limits all kinds together, cells, and members of one object", async () => {
    await setLimit({
      [key]: null,
      "count/federatedobjects": 12,
      "count/cells.cellplane.io": 2,
      "members-per-object": 1,
    });
    await rejects(create("any"), /exceeded quota: bank, requested: count\/federatedobjects=1/);
    const { client } = federation.controlPlane;
    const cell = {
      apiVersion: "cellplane.io/v1alpha1",
      kind: "Cell",
      metadata: { name: "rz09a", namespace },
      spec: { clusterRef: { name: "hz-a" } },
    };
    await rejects(client.create(cellsPath, cell), /limited: count\/cells\.cellplane\.io=2/);
    await setLimit({ "count/federatedobjects": 100 });
    const wide = federatedConfigMap("wide", "x", { cells: ["rz00a", "rz01a"] });
    await rejects(client.create(configMaps, wide), /requested: members-per-object=2, used/);
    const narrow = federatedConfigMap("wide", "x", { cells: ["rz00a"] });
    await client.create(configMaps, narrow);
    const topologies = [{ name: "rz00a" }, { name: "rz01a" }];
    const body = { spec: { placement: { topologies } } };
    await rejects(client.patch(configMaps, "wide", { type: "merge", body }), /members-per-object/);
  });

  it("is refused where it limits what nobody counts", async () => {
    await rejects(setLimit({ "count/pods": 3 }), /spec\.hard\[count\/pods\]: Unsupported value/);
    await rejects(setLimit({ [key]: "many" }), /must be a whole number/);
    deepEqual((await federation.controlPlane.client.list(quotas)).items.length, 1);
  });
});
