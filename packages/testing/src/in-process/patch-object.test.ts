import { equal, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { maskPatch } from "../../../../apps/cli/src/release/mask-patch.ts";
import { patchObject } from "../../../../apps/cli/src/release/patch-object.ts";
import { federatedConfigMap, namespace } from "../e2e/tenant.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

const path = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: "federatedconfigmaps",
  namespace,
};
const name = "settings";
const target = { path, name, shown: name, called: "configmap/settings" };

describe("patchObject()", () => {
  let server: RunningServer;
  let read: KubernetesObject;
  before(async () => {
    server = await startServer("control-plane");
    const metadata = { name: namespace };
    const namespaces = { group: "", version: "v1", resource: "namespaces" };
    await server.client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
    read = await server.client.create(path, federatedConfigMap(name, "one"));
  });
  after(() => server[Symbol.asyncDispose]());

  const setMask = (cell: string): Promise<KubernetesObject> =>
    patchObject(server.client, target, maskPatch(read, { topologies: [{ name: cell }] }));

  it("writes although the status was told anew after the object was read", async () => {
    const status = { observedGeneration: 1 };
    const body = { status };
    await server.client.patch(path, name, { type: "merge", body, subresource: "status" });
    const written = await setMask("rz00a");
    equal(written.metadata.generation, 2);
  });

  it("writes nothing where the spec has changed since, and says so", async () => {
    await rejects(setMask("rz01a"), {
      message:
        'Cannot write as "configmap/settings" was changed meanwhile, from generation 1 to 2: nothing was written; look at it, and run this again',
    });
    equal((await server.client.get(path, name)).metadata.generation, 2);
  });
});
