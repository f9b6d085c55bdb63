import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryObjectAccess } from "../../registry/memory-object-access.suite.ts";
import { objectAt, stringAt } from "../plain/plain.ts";
import { ensureBootstrapObjects } from "./ensure-bootstrap-objects.ts";

const configMaps = { group: "", resource: "configmaps", namespace: "kube-system" } as const;

describe("ensureBootstrapObjects()", () => {
  it("makes namespaces, priority classes and the service of the server", async () => {
    const objects = new MemoryObjectAccess();
    await ensureBootstrapObjects(objects, { port: 6443, addressRange: "10.0.0.0/24" });
    const namespaces = await objects.list({ group: "", resource: "namespaces" });
    deepEqual(namespaces.map(({ metadata }) => metadata.name).toSorted(), [
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system",
    ]);
    const service = await objects.get(
      { group: "", resource: "services", namespace: "default" },
      "kubernetes",
    );
    equal(stringAt(service, "spec", "clusterIP"), "10.0.0.1");
  });

  it("writes nothing when all is there", async () => {
    const objects = new MemoryObjectAccess();
    await ensureBootstrapObjects(objects, { port: 6443, clientCa: "pem" });
    const { writes } = objects;
    await ensureBootstrapObjects(objects, { port: 6443, clientCa: "pem" });
    equal(objects.writes, writes);
  });

  it("brings the certificate authority up to date", async () => {
    const objects = new MemoryObjectAccess();
    await ensureBootstrapObjects(objects, { clientCa: "old" });
    await ensureBootstrapObjects(objects, { clientCa: "new" });
    const map = await objects.get(configMaps, "extension-apiserver-authentication");
    deepEqual(objectAt(map, "data"), { "client-ca-file": "new" });
  });
});
