import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { cellNamespace, federated, namespace } from "../e2e/tenant.ts";
import {
  findObject,
  type ObjectPlace,
  waitFor,
  waitForObject,
  waitUntilGone,
} from "../e2e/wait-for.ts";
import { Federation } from "./federation.suite.ts";

const types = (resource: string): ResourcePath => ({
  group: "types.kubefed.io",
  version: "v1beta2",
  resource,
  namespace,
});
const core = (resource: string, home = namespace): ResourcePath => ({
  group: "",
  version: "v1",
  resource,
  namespace: home,
});

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.join();
  await federation.makeCells();
});
after(() => federation[Symbol.asyncDispose]());

const own = (path: ResourcePath, name: string): ObjectPlace => ({
  client: federation.controlPlane.client,
  path,
  name,
});
const inCell = (cell: string, resource: string, name: string): ObjectPlace => ({
  client: federation.member.client,
  path: core(resource, cellNamespace(cell)),
  name,
});

async function native(kind: string, resource: string, name: string, fields: JsonObject) {
  const object = { apiVersion: "v1", kind, metadata: { name, namespace }, ...fields };
  return federation.controlPlane.client.create(core(resource), object);
}

function workload(name: string, pods: JsonObject, spec: object = {}): KubernetesObject {
  const labels = { app: name };
  const template = {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "app", image: "app:1" }], ...pods },
      },
    },
  };
  const cells = ["rz00a", "rz01a"];
  return federated("Deployment", name, {
    template,
    cells,
    spec: { followDependencies: true, ...spec },
  });
}

const create = (object: KubernetesObject): Promise<KubernetesObject> =>
  federation.controlPlane.client.create(types("federateddeployments"), object);
const change = (name: string, spec: object): Promise<KubernetesObject> =>
  federation.controlPlane.client.patch(types("federateddeployments"), name, {
    type: "merge",
    body: { spec },
  });

function condition(object: KubernetesObject): string {
  const { conditions = [] } = (object["status"] ?? {}) as {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
  const found = conditions.find(({ type }) => type === "Dependencies");
  return found ? `${found.status} ${found.message ?? ""}`.trim() : "";
}

const present = (place: ObjectPlace): Promise<KubernetesObject> =>
  waitFor(`${place.path.resource}/${place.name}`, () => findObject(place));

describe("followDependencies", () => {
  it("carries along what pods need, under the workload's own mask", async () => {
    await native("ConfigMap", "configmaps", "settings", { data: { mode: "one" } });
    await native("Secret", "secrets", "tls", { data: { key: "c2VjcmV0" } });
    await native("ServiceAccount", "serviceaccounts", "robot", {});
    const pods = {
      serviceAccountName: "robot",
      volumes: [
        { name: "a", configMap: { name: "settings" } },
        { name: "b", projected: { sources: [{ secret: { name: "tls" } }] } },
      ],
    };
    await create(workload("web", pods, { placementMask: { topologies: [{ name: "rz00a" }] } }));
    await waitForObject(own(types("federateddeployments"), "web"), condition, "True");
    await present(inCell("rz00a", "configmaps", "settings"));
    await present(inCell("rz00a", "serviceaccounts", "robot"));
    const copy = await present(inCell("rz00a", "secrets", "tls"));
    deepEqual(copy["data"], { key: "c2VjcmV0" });
    const held = federation
      .writes()
      .filter((line) => line.includes(`/namespaces/${cellNamespace("rz01a")}`));
    deepEqual(held, []);
    await change("web", { placementMask: null });
    await present(inCell("rz01a", "secrets", "tls"));
    await present(inCell("rz01a", "configmaps", "settings"));
  });

  it("follows a change of the source, and keeps what members have when it vanishes", async () => {
    const { client } = federation.controlPlane;
    const patch = { type: "merge", body: { data: { mode: "two" } } } as const;
    await client.patch(core("configmaps"), "settings", patch);
    const mode = (object: KubernetesObject): unknown =>
      (object["data"] as { readonly mode?: string } | undefined)?.mode;
    await waitForObject(inCell("rz01a", "configmaps", "settings"), mode, "two");
    await client.delete(core("configmaps"), "settings");
    await waitForObject(
      own(types("federateddeployments"), "web"),
      condition,
      "False ConfigMap/settings: not found any more; members keep what they have",
    );
    ok(await findObject(inCell("rz00a", "configmaps", "settings")));
  });

  it("leaves a hand-made federated object alone, and says what is missing", async () => {
    const { client } = federation.controlPlane;
    const theirs = federated("ConfigMap", "theirs", { template: { data: { a: "b" } }, cells: [] });
    await client.create(types("federatedconfigmaps"), theirs);
    const volumes = [
      { name: "a", configMap: { name: "theirs" } },
      { name: "b", configMap: { name: "nowhere" } },
    ];
    await create(workload("picky", { volumes }));
    await waitForObject(
      own(types("federateddeployments"), "picky"),
      condition,
      "False ConfigMap/nowhere: not found; ConfigMap/theirs: there is a FederatedConfigMap of this name already, which is left as it is",
    );
    const kept = await client.get(types("federatedconfigmaps"), "theirs");
    equal(kept.metadata.generation, 1);
    await native("ConfigMap", "configmaps", "nowhere", { data: {} });
    await present(own(types("federatedconfigmaps"), "nowhere"));
    // The condition goes with the wish; what followed stays with the pods that use it.
    await change("picky", { followDependencies: false });
    await waitForObject(own(types("federateddeployments"), "picky"), condition, "");
    ok(await findObject(own(types("federatedconfigmaps"), "nowhere")));
  });

  it("goes with the last workload that names it", async () => {
    const { client } = federation.controlPlane;
    await client.delete(types("federateddeployments"), "web");
    await waitUntilGone(own(types("federatedsecrets"), "tls"));
    await waitUntilGone(inCell("rz00a", "secrets", "tls"));
    ok(await findObject(own(core("secrets"), "tls")));
  });
});
