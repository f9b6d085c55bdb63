import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { ConnectionError, type ResourcePath } from "@cellplane/client";
import { cellNamespace, federatedConfigMap, namespace } from "../e2e/tenant.ts";
import { topologyRows } from "../e2e/topology-rows.ts";
import {
  findObject,
  type ObjectPlace,
  waitFor,
  waitForObject,
  waitUntilGone,
} from "../e2e/wait-for.ts";
import { Federation, memberName } from "./federation.suite.ts";

const system = "kube-federation-system";
const cells = ["rz00a", "rz01a"] as const;
const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  const { client } = federation.controlPlane;
  const health = { period: "1s", timeout: "500ms", failureThreshold: 1, successThreshold: 1 };
  await client.patch(coreOf("kubefedconfigs"), "kubefed", {
    type: "merge",
    body: { spec: { clusterHealthCheck: health } },
  });
  await federation.join();
  await federation.makeCells();
  await waitForReady("True");
});
after(() => federation[Symbol.asyncDispose]());

function coreOf(resource: string): ResourcePath {
  return { group: "core.kubefed.io", version: "v1beta1", resource, namespace: system };
}

const clusterPlace = (name: string): ObjectPlace => ({
  client: federation.controlPlane.client,
  path: coreOf("kubefedclusters"),
  name,
});

async function waitForReady(status: "True" | "False"): Promise<void> {
  for (const name of [memberName, `${namespace}.rz00a`, `${namespace}.rz01a`]) {
    await waitFor(`cluster ${name} to be Ready: ${status}`, async () => {
      const found = await findObject(clusterPlace(name));
      return found && conditionOf(found, "Ready")["status"] === status ? true : undefined;
    });
  }
}

function conditionOf(object: KubernetesObject, type: string): Readonly<Record<string, string>> {
  const { conditions = [] } = (object["status"] ?? {}) as {
    readonly conditions?: readonly Readonly<Record<string, string>>[];
  };
  return conditions.find((each) => each["type"] === type) ?? {};
}

const place = (name: string): ObjectPlace => ({
  client: federation.controlPlane.client,
  path: federatedConfigMaps,
  name,
});

const inMember = (name: string, cell: string): ObjectPlace => ({
  client: federation.member.client,
  path: { group: "", version: "v1", resource: "configmaps", namespace: cellNamespace(cell) },
  name,
});

const create = (name: string, value: string, fields: object = {}): Promise<KubernetesObject> =>
  federation.controlPlane.client.create(
    federatedConfigMaps,
    federatedConfigMap(name, value, { cells, ...fields }),
  );

/** Gives a new value, to the cells of the mask alone if there is one. */
const change = (name: string, value: string, mask?: readonly string[]): Promise<KubernetesObject> =>
  federation.controlPlane.client.patch(federatedConfigMaps, name, {
    type: "merge",
    body: {
      spec: {
        template: { data: { value } },
        placementMask:
          mask === undefined ? null : { topologies: mask.map((each) => ({ name: each })) },
      },
    },
  });

async function valuesOf(name: string): Promise<readonly unknown[]> {
  const found = await Promise.all(cells.map((cell) => findObject(inMember(name, cell))));
  return found.map(
    (object) => (object?.["data"] as { readonly value?: string } | undefined)?.value,
  );
}

const waitForRows = (name: string, rows: readonly string[]): Promise<KubernetesObject> =>
  waitForObject(
    place(name),
    topologyRows,
    Object.fromEntries(cells.map((cell, at) => [cell, rows[at] ?? ""])),
  );

describe("the sync of a federated object", () => {
  it("creates, updates, holds what the mask leaves out, and deletes", async () => {
    await create("life", "one");
    await waitForRows("life", ["1", "1"]);
    deepEqual(await valuesOf("life"), ["one", "one"]);
    await change("life", "two", ["rz01a"]);
    await waitForRows("life", ["1 Held behind 1", "2"]);
    deepEqual(await valuesOf("life"), ["one", "two"]);
    await change("life", "two");
    await waitForRows("life", ["2", "2"]);
    await federation.controlPlane.client.delete(federatedConfigMaps, "life");
    await waitUntilGone(place("life"));
    deepEqual(await valuesOf("life"), [undefined, undefined]);
  });

  it("adopts an object that was there before, though no watch shows it", async () => {
    await create("first", "any");
    await waitForRows("first", ["1", "1"]);
    const { client, path } = inMember("there", "rz00a");
    await client.create(path, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "there", labels: { theirs: "kept" } },
      data: { value: "theirs" },
    });
    await create("there", "ours");
    await waitForRows("there", ["1", "1"]);
    deepEqual(await valuesOf("there"), ["ours", "ours"]);
    const adopted = await client.get(path, "there");
    equal(adopted.metadata.labels?.["kubefed.io/managed"], "true");
  });

  it("drops a plan that was made before the object changed", async () => {
    await create("stale", "one");
    await waitForRows("stale", ["1", "1"]);
    // The namespaces are known by now, so nothing comes between the plan and its write but this.
    const written: string[] = [];
    let overtaken: Promise<unknown> | undefined;
    federation.intercept = async (line) => {
      if (!line.includes("/configmaps/stale") || !line.startsWith("PUT")) return;
      written.push(line);
      overtaken ??= change("stale", "three", ["rz00a"]);
      await overtaken;
    };
    await change("stale", "two", ["rz00a"]);
    await waitForRows("stale", ["3", "1 Held behind 2"]);
    federation.intercept = async () => undefined;
    deepEqual(await valuesOf("stale"), ["three", "one"]);
    equal(written.length, 2);
  });

  it("writes the ledger anew where somebody deleted it, without a write to the member", async () => {
    await create("ledger", "one");
    await waitForRows("ledger", ["1", "1"]);
    const path = {
      group: "core.kubefed.io",
      version: "v1alpha1",
      resource: "propagatedversions",
      namespace,
    };
    const { client } = federation.controlPlane;
    const { items } = await client.list(path);
    const name = items
      .map(({ metadata }) => metadata.name ?? "")
      .find((each) => each.endsWith("ledger"));
    ok(name !== undefined);
    const before = await waitFor("the ledger", () => findObject({ client, path, name }));
    const writes = federation.writes().length;
    await client.delete(path, name);
    const again = await waitFor("the ledger again", async () => {
      const found = await findObject({ client, path, name });
      return found?.["status"] === undefined ? undefined : found;
    });
    deepEqual(withoutTimes(again["status"]), withoutTimes(before["status"]));
    equal(federation.writes().length, writes);
  });

  it("sends not one write to the member when the controllers start again", async () => {
    await create("restart", "one");
    await waitForRows("restart", ["1", "1"]);
    await federation.stop();
    federation.requests.length = 0;
    await federation.start();
    await create("after-restart", "one");
    await waitForRows("after-restart", ["1", "1"]);
    // What is new there makes sure of its cells' namespaces, then is made once in each.
    const isExpected = (line: string): boolean => /^POST .*\/(namespaces|configmaps)$/.test(line);
    deepEqual(
      federation.writes().filter((line) => !isExpected(line)),
      [],
    );
    equal(federation.writes().filter((line) => line.endsWith("/configmaps")).length, 2);
  });
});

function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) =>
    /time|appliedAt/i.test(key) ? undefined : each,
  );
}

describe("a joined cluster", () => {
  it("stops being Ready while it does not answer, and is written to once it is back", async () => {
    federation.intercept = async () => {
      throw new ConnectionError("https://member", { code: "ECONNREFUSED" });
    };
    await waitForReady("False");
    const offline = await findObject(clusterPlace(memberName));
    equal(offline && conditionOf(offline, "Offline")["status"], "True");
    await create("away", "one");
    await waitForRows("away", ["ClusterNotReady", "ClusterNotReady"]);
    federation.intercept = async () => undefined;
    await waitForReady("True");
    await waitForRows("away", ["1", "1"]);
  });

  it("is told to refuse the credential, and used again when a good one is stored", async () => {
    const { client } = federation.controlPlane;
    const secrets = { group: "", version: "v1", resource: "secrets", namespace: system };
    const name = `${memberName}-credential`;
    const good = await client.get(secrets, name);
    const set = (token: unknown): Promise<KubernetesObject> =>
      client.patch(secrets, name, { type: "merge", body: { data: { token } } });
    await set(Buffer.from("revoked").toString("base64"));
    await waitForReady("False");
    const refused = await findObject(clusterPlace(memberName));
    const { message = "" } = refused ? conditionOf(refused, "Ready") : {};
    ok(message.includes("refused the credential (401)"), message);
    await set((good["data"] as { readonly token: string }).token);
    await waitForReady("True");
  });

  it("hands its settings on to the clusters of its cells", async () => {
    const { client } = federation.controlPlane;
    const { path } = clusterPlace(memberName);
    const { caBundle } = (await client.get(path, memberName))["spec"] as {
      readonly caBundle: string;
    };
    const spec = {
      caBundle: Buffer.from(`${Buffer.from(caBundle, "base64").toString()}\n`).toString("base64"),
    };
    await client.patch(path, memberName, { type: "merge", body: { spec } });
    await waitForObject(
      clusterPlace(`${namespace}.rz00a`),
      (cluster) => (cluster["spec"] as { readonly caBundle?: string }).caBundle,
      spec.caBundle,
    );
    await waitForReady("True");
  });
});

describe("a federated type", () => {
  const typeConfig = (): ObjectPlace => ({
    client: federation.controlPlane.client,
    path: coreOf("federatedtypeconfigs"),
    name: "configmaps",
  });
  const set = (propagation: "Enabled" | "Disabled"): Promise<KubernetesObject> =>
    federation.controlPlane.client.patch(coreOf("federatedtypeconfigs"), "configmaps", {
      type: "merge",
      body: { spec: { propagation } },
    });
  const controllerOf = ({ status }: KubernetesObject): unknown =>
    (status as { readonly propagationController?: string } | undefined)?.propagationController;

  it("is not synced while it is off, and caught up with once it is on again", async () => {
    await create("type", "one");
    await waitForRows("type", ["1", "1"]);
    await set("Disabled");
    await waitForObject(typeConfig(), controllerOf, "NotRunning");
    const writes = federation.writes().length;
    await change("type", "two");
    equal(federation.writes().length, writes);
    await set("Enabled");
    await waitForObject(typeConfig(), controllerOf, "Running");
    await waitForRows("type", ["2", "2"]);
    deepEqual(await valuesOf("type"), ["two", "two"]);
  });
});

describe("a Cell", () => {
  it("takes its derived cluster with it", async () => {
    const path = { group: "cellplane.io", version: "v1alpha1", resource: "cells", namespace };
    const { client } = federation.controlPlane;
    await client.create(path, {
      apiVersion: "cellplane.io/v1alpha1",
      kind: "Cell",
      metadata: { name: "rz02a", namespace },
      spec: { clusterRef: { name: memberName } },
    });
    const derived = clusterPlace(`${namespace}.rz02a`);
    await waitFor("the derived cluster", () => findObject(derived));
    const cell = await client.get(path, "rz02a");
    equal(cell.metadata.finalizers?.length, 1);
    await client.delete(path, "rz02a");
    await waitUntilGone(derived);
    await waitUntilGone({ client, path, name: "rz02a" });
  });
});
