import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryObjectAccess } from "../../registry/memory-object-access.suite.ts";
import { stringAt } from "../plain/plain.ts";
import { ensureBootstrapObjects } from "./ensure-bootstrap-objects.ts";

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
    await ensureBootstrapObjects(objects, { port: 6443 });
    const { writes } = objects;
    await ensureBootstrapObjects(objects, { port: 6443 });
    equal(objects.writes, writes);
  });
});
