import { deepEqual, equal } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { federatedConfigMap, namespace, tenantObjects } from "../e2e/tenant.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";

// More by hand: `CELLPLANE_RESTART_OBJECTS=500`.
const objects = Number(process.env["CELLPLANE_RESTART_OBJECTS"] ?? 100);
const cellNames = ["rz00a", "rz01a", "rz02a", "rz03a"];
const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};
const kept: readonly ResourcePath[] = [
  federatedConfigMaps,
  { group: "core.kubefed.io", version: "v1alpha1", resource: "propagatedversions", namespace },
  { group: "cellplane.io", version: "v1alpha1", resource: "federatedrevisions", namespace },
];

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.join();
  await federation.makeCells();
  const [model] = tenantObjects().filter(({ kind }) => kind === "Cell");
  const path = { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace };
  for (const name of cellNames.slice(2)) {
    const cell = { ...model, metadata: { ...model?.metadata, name } };
    await federation.controlPlane.client.create(path, cell);
  }
});
after(() => federation[Symbol.asyncDispose]());

function object(name: string): KubernetesObject {
  const { spec, ...rest } = federatedConfigMap(name, "a");
  const placement = { topologies: cellNames.map((cell) => ({ name: cell })) };
  const whole = { ...(spec as object), placement, placementMask: undefined };
  return { ...rest, spec: whole };
}

async function create(name: string): Promise<void> {
  await federation.controlPlane.client.create(federatedConfigMaps, object(name));
}

async function waitForRelease(count: number): Promise<void> {
  const all = `${cellNames.length}/${cellNames.length}`;
  await waitFor(`${count} objects to be in all cells`, async () => {
    const { items } = await federation.controlPlane.client.list(federatedConfigMaps);
    const released = (items ?? []).filter(
      (each) => (each["status"] as { released?: string } | undefined)?.released === all,
    );
    return released.length === count ? true : undefined;
  });
}

/** The resourceVersion of everything that a sync writes to the control plane. */
async function versions(): Promise<ReadonlyMap<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for (const path of kept) {
    const { items } = await federation.controlPlane.client.list(path);
    for (const { metadata } of items ?? []) {
      if (metadata.name?.includes("zz-last")) continue;
      found.set(`${path.resource} ${metadata.name ?? ""}`, metadata.resourceVersion);
    }
  }
  return found;
}

describe("a restart", () => {
  it(`writes nothing for ${objects} objects in ${cellNames.length} cells that are in step`, async () => {
    await Promise.all(Array.from({ length: objects }, (_, i) => create(`object-${i}`)));
    await waitForRelease(objects);
    await federation.stop();
    const before = await versions();
    equal(before.size, objects * 3);
    const writes = federation.writes().length;
    await federation.start();
    // Keys are worked on in the order of their names: once the last is done, all have been.
    await create("zz-last");
    await waitForRelease(objects + 1);
    deepEqual(await versions(), before);
    const later = federation.writes().slice(writes);
    // The last object's own: a start does not remember which cells' namespaces are there.
    const others = later.filter((request) => !request.startsWith("POST /api/v1/namespaces"));
    const created = later.filter((request) => request.includes("/configmaps"));
    deepEqual([others.length, created.length], [0, cellNames.length]);
  });
});
